"""The control socket: what the CLI and the console ask of the daemon."""
