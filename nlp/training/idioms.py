"""Short expressions whose words say the opposite of what they mean, written for this project.

Reviews hold too few of them, so that "pas mal du tout" is read as "mal" and "l'appli plante" as a plant.
"""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

REPEATS = 2
"""Each expression is seen so many times a pass: a few hundred among tens of thousands of reviews."""

EXPRESSIONS: dict[tuple[str, int], list[str]] = {
    ("fr", 5): [
        "rien à redire", "on ne peut pas mieux", "que du bonheur", "au top", "zéro défaut",
        "jamais déçue",
        "je n'ai jamais été déçu", "je ne regrette pas du tout", "aucun reproche", "une tuerie",
        "ça déchire",
        "c'est de la bombe", "chapeau", "les yeux fermés", "nickel chrome",
    ],
    ("fr", 4): [
        "pas mal", "pas mal du tout", "franchement pas mal", "plutôt pas mal", "vraiment pas mal",
        "pas mauvais",
        "pas mauvais du tout", "pas si mal", "pas déçu", "pas déçue du tout", "rien à dire", "aucun souci",
        "aucun problème", "sans problème", "pas de quoi se plaindre", "pas cher du tout", "pas dégueu",
        "pas une seule panne", "je m'attendais à pire",
    ],
    ("fr", 2): [
        "pas terrible", "pas terrible du tout", "pas top", "pas ouf", "pas fou", "bof", "bof bof",
        "pas génial",
        "pas très bon", "pas à la hauteur", "laisse à désirer", "peut mieux faire", "pas convaincu",
        "mouais",
        "je m'attendais à mieux", "ça rame", "ça bugue", "pas donné", "pas simple du tout",
    ],
    ("fr", 1): [
        "c'est du propre", "du grand n'importe quoi", "du foutage de gueule", "merci pour rien",
        "bravo le service",
        "plante tout le temps", "plante sans arrêt", "plante à chaque fois", "n'arrête pas de planter",
        "à la ramasse",
        "la cata", "plus jamais", "on ne m'y reprendra plus", "à éviter", "passez votre chemin",
        "ne marche pas",
        "ne fonctionne plus", "impossible de se connecter", "de pire en pire", "on se moque du monde",
    ],
    ("en", 5): [
        "couldn't be better", "can't fault it", "never disappointed", "never had a problem",
        "no complaints at all",
        "couldn't ask for more", "second to none", "it's the bomb", "to die for", "nothing but praise",
    ],
    ("en", 4): [
        "not bad", "not bad at all", "can't complain", "nothing to complain about", "no issues",
        "no problem at all",
        "not expensive at all", "not disappointed", "better than I expected", "pretty damn good",
    ],
    ("en", 2): [
        "not great", "not good", "could be better", "leaves a lot to be desired", "not what I expected",
        "meh",
        "not worth it", "nothing to write home about", "not convinced", "overrated", "not cheap",
    ],
    ("en", 1): [
        "thanks for nothing", "well done for losing my order", "crashes all the time", "keeps crashing",
        "won't load",
        "never again", "steer clear", "what a joke", "couldn't be worse", "going downhill",
        "I want my money back",
    ],
}  # fmt: skip
FRAMES = {
    "fr": ["{0}", "{1} !", "{0} {2}", "{2}, {0}.", "Franchement {0}", "{1}, {2}"],
    "en": ["{0}", "{1}!", "{0}, {2}", "{2}: {0}.", "Honestly, {0}", "{1}, {2}"],
}
SUBJECTS = {
    "fr": [
        "le service",
        "l'appli",
        "ce produit",
        "la livraison",
        "le restaurant",
        "le site",
        "l'application",
        "ce magasin",
    ],
    "en": [
        "the service",
        "the app",
        "this product",
        "the delivery",
        "the restaurant",
        "the website",
        "this shop",
    ],
}


def turns(language: str) -> list[tuple[str, int]]:
    """Sentences in which a small word turns the meaning around, with their stars, from `turns.toml`."""
    parts = tomllib.loads((Path(__file__).parent / "turns.toml").read_text(encoding="utf-8"))[language]
    chance = random.Random(7)  # noqa: S311  made-up sentences, no secret
    told: list[tuple[str, int]] = []

    def tell(frames: str, fillings: list[str], stars: int) -> None:
        for words in fillings:
            thing = chance.choice(parts["things"])
            told.extend((frame.format(words, thing), stars) for frame in chance.sample(parts[frames], 3))

    tell("none", parts["trouble"], 5)
    tell("none", parts["help"], 1)
    tell("some", parts["trouble"], 1)
    tell("litotes", parts["blame"], 4)
    tell("litotes", parts["praise"], 2)
    tell("plain", parts["praise"], 5)
    tell("plain", parts["blame"], 1)
    tell("mocked", parts["bad"], 1)
    for (said, turned), stars in [(pair, (1, 4)) for pair in parts["fails"]] + [
        (pair, (5, 1)) for pair in parts["works"]
    ]:
        for thing in chance.sample(parts["things"], 4):
            told += [(f"{thing} {said}", stars[0]), (f"{thing} {turned}", stars[1])]
    for good, bad in zip(parts["good"], chance.sample(parts["bad"], len(parts["bad"])), strict=True):
        thing = chance.choice(parts["things"])
        told += [(frame.format(good, bad), 2) for frame in chance.sample(parts["contrast"], 3)]
        told += [(frame.format(bad, good), 4) for frame in chance.sample(parts["contrast"], 3)]
        told += [(frame.format(thing, good), 5) for frame in chance.sample(parts["praised"], 2)]
        told += [(frame.format(thing, bad), 1) for frame in chance.sample(parts["blamed"], 2)]
    return [
        (text[0].upper() + text[1:] if number % 3 else text, stars) for number, (text, stars) in enumerate(told)
    ]


def rows() -> pd.DataFrame:
    """Every expression in every frame: `text`, `lang`, `source`, `split`, `stars`, `sentiment`."""
    import pandas as pd  # noqa: PLC0415  the expressions are read without it

    found = []
    for (lang, stars), expressions in EXPRESSIONS.items():
        for number, words in enumerate(expressions):
            for place, frame in enumerate(FRAMES[lang]):
                subject = SUBJECTS[lang][(number + place) % len(SUBJECTS[lang])]
                text = frame.format(words, words[0].upper() + words[1:], subject)
                found.append((text, lang, stars, 2 if stars > 3 else 0))
    found += [(text, lang, stars, 2 if stars > 3 else 0) for lang in FRAMES for text, stars in turns(lang)]
    table = pd.DataFrame(found, columns=["text", "lang", "stars", "sentiment"])
    return pd.concat([table.assign(source="idioms", split="train")] * REPEATS, ignore_index=True)
