"""Who may speak to HQ: enrolment, tokens, passwords, attempts, certificate, quarantine."""
