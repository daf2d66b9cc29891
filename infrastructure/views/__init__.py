"""The reading side: queries over the read models, each answering in the shape of the API."""
