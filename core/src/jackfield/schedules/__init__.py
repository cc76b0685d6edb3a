"""Work at set times: declared by plugins, begun by the daemon, done as jobs by the worker."""
