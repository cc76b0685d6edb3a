"""`jackfield`: the administrator's command."""
