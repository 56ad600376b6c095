"""Pure rules of promotions: formats, the pricing engine, refunds, lint. Integers only; no clock, no database."""
