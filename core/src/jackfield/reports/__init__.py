"""Reports: tables that plugins make of what is recorded."""
