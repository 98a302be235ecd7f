"""How fast near-duplicates are folded, how many are found, and that the cost of one does not grow.

    python benchmarks/duplicates.py [TEXTS.parquet] [--copies 0.1]

Without a file, reviews are made up. A share of the texts is repeated with small changes (case, a link, a word),
and what was found of them is counted. The time is that of the processor, one core, for hashes,
look-up and comparison in memory.
"""

import argparse
import random
import time

import pyarrow.parquet as pq

from nlp.duplicates import StoryIndex, bands_of

STARTS = "ba be bi bo bu da de di do du la le li lo lu ma me mi mo mu"
ENDS = "ble cart dor fage gue lier mont net pole rin sage ton veur zette"
WORDS = [start + end for start in STARTS.split() for end in ENDS.split()]


def made_up(count, chance):
    return [" ".join(chance.choices(WORDS, k=chance.randint(8, 60))) for _ in range(count)]


def changed(text, chance):
    words = text.split()
    match chance.randrange(3):
        case 0:
            return text.upper()
        case 1:
            return f"{text} https://example.org/{chance.randrange(10**6)}"
    if len(words) > 50:
        words[chance.randrange(len(words))] = "autre"
    return "RT @someone " + " ".join(words)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="?", help="a Parquet file with a column text")
    parser.add_argument("--copies", type=float, default=0.1, help="share of texts that are repeated")
    arguments = parser.parse_args()
    chance = random.Random(1)
    if arguments.texts:
        texts = pq.read_table(arguments.texts, columns=["text"])["text"].to_pylist()
    else:
        texts = made_up(100_000, chance)
    chance.shuffle(texts)
    started = time.process_time()
    for start in range(0, len(texts), 1_000):
        bands_of(texts[start : start + 1_000])
    print(f"hashes           {len(texts) / (time.process_time() - started):>10,.0f} texts/s")
    index, numbers = StoryIndex(), []
    for begin in range(0, len(texts), 20_000):
        part = texts[begin : begin + 20_000]
        started = time.process_time()
        for start in range(0, len(part), 1_000):
            numbers += index.add(part[start : start + 1_000])
        print(f"after {begin + len(part):>9,}  {len(part) / (time.process_time() - started):>10,.0f} texts/s")
    print(f"folded as they are {len(texts) - len(set(numbers)):>8,}")
    chosen = [
        place
        for place in chance.sample(range(len(texts)), int(arguments.copies * len(texts)))
        if bands_of([texts[place]])[0]
    ]
    found = index.add([changed(texts[place], chance) for place in chosen])
    hit = sum(story == numbers[place] for story, place in zip(found, chosen, strict=True))
    print(f"repeated texts found again {hit:,} of {len(chosen):,} ({hit / len(chosen):.2%})")


if __name__ == "__main__":
    main()
