"""Make sentences.txt: sentences that a small grammar allows, and no others.

Run it with ``python data/sentences/generate.py``; it writes the same files every time.

A subject and its verb agree in number, also across "that …", so that a model of language has to look
further back than one word.
"""

import json
from pathlib import Path

import numpy as np

NOUNS = {
    "cat": "cats",
    "dog": "dogs",
    "bird": "birds",
    "child": "children",
    "robot": "robots",
    "fox": "foxes",
}
ADJECTIVES = ("small", "old", "quick", "sleepy", "red")
VERBS = {"sees": "see", "follows": "follow", "likes": "like", "hears": "hear"}
REST = {"sleeps": "sleep", "sings": "sing", "runs": "run", "waits": "wait"}
PLACES = ("in the garden", "near the river", "on the roof")
RULES = {
    "sentence": "things verb things, or things verb (one that needs no object), then perhaps a place, then .",
    "things": "one: a|the [adjective] noun; many: the|some [adjective] nouns; perhaps: that verb things",
    "agreement": "a verb ends in s exactly if its subject is one",
}
LINES = 3000


def _things(generator, nested=0):
    many = bool(generator.random() < 0.5)
    words = [str(generator.choice(("the", "some") if many else ("a", "the")))]
    if generator.random() < 0.4:
        words.append(str(generator.choice(ADJECTIVES)))
    noun = str(generator.choice(list(NOUNS)))
    words.append(NOUNS[noun] if many else noun)
    if nested < 1 and generator.random() < 0.3:
        words += ["that", _verb(generator, VERBS, many), *_things(generator, nested + 1)[0]]
    return words, many


def _verb(generator, verbs, many):
    verb = str(generator.choice(list(verbs)))
    return verbs[verb] if many else verb


def sentence(generator):
    """Return one sentence of the grammar, words and the full stop separated by single spaces."""
    words, many = _things(generator)
    if generator.random() < 0.5:
        words += [_verb(generator, VERBS, many), *_things(generator)[0]]
    else:
        words.append(_verb(generator, REST, many))
    if generator.random() < 0.4:
        words += str(generator.choice(PLACES)).split()
    return " ".join([*words, "."])


def obeys_grammar(line):
    """Return whether a line is a sentence of the grammar, whoever wrote it."""
    words = line.split()
    found, many, place = _read_things(words, 0)
    if not found or place >= len(words):
        return False
    verb = words[place]
    place += 1
    if verb in (VERBS.values() if many else VERBS):
        found, _, place = _read_things(words, place)
        if not found:
            return False
    elif verb not in (REST.values() if many else REST):
        return False
    ending = words[place:]
    return ending == ["."] or any(ending == [*where.split(), "."] for where in PLACES)


def _read_things(words, place, nested=0):
    """Return (whether things stand here, whether they are many, the place after them)."""
    no = (False, False, place)
    if place + 1 >= len(words) or words[place] not in ("a", "the", "some"):
        return no
    article, place = words[place], place + 1
    if words[place] in ADJECTIVES:
        place += 1
    if place >= len(words):
        return no
    many = words[place] in NOUNS.values()
    if not many and words[place] not in NOUNS:
        return no
    if (article == "a" and many) or (article == "some" and not many):
        return no
    place += 1
    if nested < 1 and place < len(words) and words[place] == "that":
        if place + 1 >= len(words) or words[place + 1] not in (VERBS.values() if many else VERBS):
            return no
        found, _, place = _read_things(words, place + 2, nested + 1)
        if not found:
            return no
    return True, many, place


def text(seed=3):
    """Return the whole file as text."""
    generator = np.random.default_rng(seed)
    return "".join(sentence(generator) + "\n" for _ in range(LINES))


def truth_file():
    """Return the grammar as JSON."""
    words = {"nouns": NOUNS, "adjectives": ADJECTIVES, "verbs with an object": VERBS,
             "verbs without an object": REST, "places": PLACES}  # fmt: skip
    return json.dumps({"rules": RULES, **words}, indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "sentences.txt").write_text(text(), encoding="utf-8", newline="\n")
    (folder / "truth.json").write_text(truth_file(), encoding="utf-8", newline="\n")
