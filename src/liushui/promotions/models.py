"""Rulebooks and their drafts, coupons, and what was used of promotions."""
