"""Configuration as a plan: kinds, the site, generations, plan, apply, rollback."""
