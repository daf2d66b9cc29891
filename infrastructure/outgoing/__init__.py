"""What leaves the gateway: requests and e-mails, the guard over where they go, and the templates they are made of."""
