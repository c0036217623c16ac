"""Services: a device shown to other processes, and middleware that marks requests."""
