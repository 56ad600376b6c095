"""Pure rules of completing a sale."""
