"""What the gateway is to each reverse-ETL tool: its objects, fields and modes, and what its calls ask for."""
