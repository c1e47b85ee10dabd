"""API: the routes for programs, which put a service into HTTP and JSON."""
