"""Mail: letters from templates, RFC 5322 messages, and their delivery by SMTP or, in development, into a folder."""
