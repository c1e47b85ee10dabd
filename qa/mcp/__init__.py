"""MCP: the tools for assistants, which put a service into the Model Context Protocol."""
