"""The desk file: its schema, its loader, its checks."""
