"""Users, their sign-ins, and what an admin may do to them; the audit log of role and money changes."""
