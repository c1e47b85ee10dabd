"""Service: what the page, HTTP and MCP share, without any of them."""
