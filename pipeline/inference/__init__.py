"""Asking teachers: sessions, routes, accounts, budget, terms."""
