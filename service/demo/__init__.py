"""The sample web of `oyez demo`: an invented brand, its rivals, and what people say of them for ninety days."""
