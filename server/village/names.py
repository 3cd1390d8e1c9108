"""First names by decade of birth, family names, and who goes by whose name: small tables of our own.

Facts used, in words:
- first names: the ranking of Insee's file of first names (births in France since 1900), the best placed of each
  decade, most frequent first; a few Breton ones where the village stands;
- the name that married women use: Ifop for L'Express, 2022: from 65 on, 90 % their husband's, 5 % both, 5 % their
  own; from 18 to 34, 60 %, 13 % and 26 %; 80 % over all ages;
- two family names at birth: about one child in ten (Insee, births of 2014); possible since 2005.
Ours: how many women were ever married by age, the list and order of family names, the Zipf exponent.
"""

from random import Random

_WOMEN = {
    1930: "Marie Jeanne Jacqueline Jeannine Yvonne Simone Denise Paulette Madeleine Thérèse Odette Suzanne Germaine "
    "Marcelle Georgette Yvette",
    1940: "Monique Marie Jacqueline Nicole Françoise Colette Danielle Michèle Christiane Josette Ginette Janine "
    "Yvette Andrée Liliane Bernadette Annie",
    1950: "Martine Françoise Monique Christine Chantal Nicole Annie Marie Michèle Brigitte Dominique Catherine "
    "Évelyne Jocelyne Marie-Thérèse Patricia Maryvonne",
    1960: "Sylvie Catherine Christine Nathalie Patricia Véronique Brigitte Isabelle Corinne Valérie Pascale Laurence "
    "Dominique Florence Marie-Christine Sandrine Anne",
    1970: "Nathalie Sandrine Stéphanie Karine Valérie Isabelle Céline Christelle Sophie Virginie Laurence Séverine "
    "Delphine Anne Sabrina Magali Gwenaëlle",
    1980: "Céline Aurélie Émilie Élodie Julie Virginie Laetitia Stéphanie Audrey Amandine Jennifer Mélanie Laura "
    "Marie Sabrina Hélène Claire",
    1990: "Laura Marine Camille Élodie Pauline Julie Manon Anaïs Marion Mathilde Charlotte Morgane Justine Océane "
    "Léa Chloé Sarah",
    2000: "Léa Emma Manon Chloé Camille Clara Inès Sarah Océane Marie Anaïs Jade Lucie Mathilde Romane Lisa Maëlys",
    2010: "Emma Louise Jade Chloé Alice Lina Inès Léa Manon Lola Zoé Camille Rose Juliette Anna Mila Louna",
    2020: "Jade Louise Ambre Alba Emma Rose Alice Romy Anna Lina Léna Mia Lou Julia Iris Agathe Nina",
}
_MEN = {
    1930: "Jean André Pierre Michel Marcel Roger René Robert Louis Jacques Raymond Georges Henri Claude Maurice "
    "Fernand Yves",
    1940: "Jean Michel Claude Jean-Claude Pierre Jacques André Daniel Bernard Gérard Guy René Roger Yves Marcel "
    "Christian Jean-Pierre",
    1950: "Jean Michel Alain Bernard Gérard Daniel Christian Patrick Jean-Pierre Philippe Jacques Serge Dominique "
    "Jean-Claude Yvon Joël Hervé",
    1960: "Philippe Patrick Thierry Pascal Alain Éric Michel Christophe Didier Laurent Bruno Frédéric Olivier "
    "Dominique Gilles Franck Jean-Luc",
    1970: "Christophe Stéphane David Laurent Frédéric Olivier Sébastien Éric Jérôme Nicolas Franck Cédric Arnaud "
    "Ludovic Fabrice Yann Vincent",
    1980: "Nicolas Julien Mickaël Sébastien Guillaume Jérémy Alexandre Romain Anthony Cédric Thomas David Benjamin "
    "Mathieu Aurélien Florian Gaël",
    1990: "Kévin Thomas Alexandre Nicolas Maxime Julien Quentin Anthony Romain Valentin Jérémy Florian Clément "
    "Guillaume Adrien Théo Erwan",
    2000: "Lucas Théo Enzo Hugo Thomas Mathis Clément Maxime Nathan Alexandre Antoine Louis Léo Tom Baptiste Axel "
    "Titouan",
    2010: "Gabriel Lucas Louis Hugo Léo Jules Raphaël Nathan Ethan Arthur Adam Paul Nolan Sacha Mathis Noah Malo",
    2020: "Gabriel Léo Raphaël Louis Arthur Jules Noah Adam Lucas Maël Gabin Sacha Paul Eden Liam Isaac Marceau",
}
_FAMILIES = """
    Le Gall|Martin|Le Goff|Tanguy|Le Roux|Bernard|Guéguen|Riou|Morvan|Thomas|Le Bihan|Robert|Kerjean|Petit|Prigent
    Durand|Le Corre|Richard|Jézéquel|Dubois|Quéré|Moreau|Laurent|Salaün|Simon|Guillou|Michel|Le Meur|Lefebvre
    Cadiou|Leroy|Bourhis|Roux|Le Bras|David|Hamon|Bertrand|Nicolas|Floch|Fournier|Girard|Le Dantec|Bonnet|Rolland
    Dupont|Le Breton|Lambert|Corre|Fontaine|Rousseau|Le Floch|Vincent|Perrot|Muller|Lefèvre|Faure|Mercier|André
    Le Guen|Blanc|Garnier|Boyer|Chevalier|Kervella|Garcia|Lavergne|Ferreira|Abgrall|Pereira|Le Berre|Da Silva|Hervé
    Meyer|Gautier|Le Roy|Masson|Lopez|Colin|Arhan|Perrin|Marchand|Le Moal|Duval|Denis|Marie|Lemaire|Noël|Queffélec
    Belkacem|Aubry|Menguy|Fernandez|Brun|Rivière|Le Dréau|Barbier|Benali|Cariou|Gaillard|Nguyen|Roche|Pichon|Yilmaz
    Le Pape|Renaud|Picard|Lucas|Gauthier|Le Lay|Vidal|Clément|Haddad|Guyot|Caron|Bozec|Collet|Olivier|Traoré|Le Nay
    Breton|Leclerc|Bailey|Kowalski|Van Dijk|Poirier|Carré|Le Cam|Brunet|Hubert|Diallo|Moal|Baron|Perez|Le Saux
"""
FAMILY_NAMES = tuple(name.strip() for line in _FAMILIES.strip().splitlines() for name in line.split("|"))
_ZIPF = [1 / (rank + 6) for rank in range(len(FAMILY_NAMES))]  # softened at the head: nobody is one in ten
OLDEST_DECADE, NEWEST_DECADE = 1930, 2020
TWO_NAMES_SINCE = 2005
TWO_NAMES = 0.10

_EVER_MARRIED = ((65, 0.90), (45, 0.72), (30, 0.50), (20, 0.10), (0, 0.0))
_HUSBANDS_NAME = ((65, 0.90, 0.05), (35, 0.80, 0.08), (0, 0.60, 0.13))
"""From this age on: who uses the husband's name, who uses both. The rest keeps her own."""


def first_names(rng: Random, born: int, *, female: bool) -> tuple[str, ...]:
    """Return one to three given names: the first of one's own decade, the others a generation older."""
    own = _given(rng, born, female)
    older = {_given(rng, born - 30, female) for _ in range(rng.choice((0, 1, 1, 2)))}
    return (own, *sorted(older - {own}))


def family_name(rng: Random, born: int) -> str:
    """Return a family name at birth; since 2005 one in ten has two."""
    name = _family(rng)
    if born >= TWO_NAMES_SINCE and rng.random() < TWO_NAMES:
        return f"{name} {_other_family(rng, name)}"
    return name


def used_name(rng: Random, birth_name: str, age: int, *, female: bool) -> str:
    """Return the name that a married woman goes by, or nothing when it is the birth name."""
    married = rng.random() < next(share for least, share in _EVER_MARRIED if age >= least)
    if not female or not married:
        return ""
    husband = _other_family(rng, birth_name)
    his, both = next((his, both) for least, his, both in _HUSBANDS_NAME if age >= least)
    drawn = rng.random()
    if drawn < his:
        return husband
    return f"{birth_name}-{husband}" if drawn < his + both else ""


def _given(rng: Random, born: int, female: bool) -> str:
    decade = min(max(born // 10 * 10, OLDEST_DECADE), NEWEST_DECADE)
    names = (_WOMEN if female else _MEN)[decade].split()
    return rng.choices(names, [1 / (rank + 4) for rank in range(len(names))])[0]


def _family(rng: Random) -> str:
    return rng.choices(FAMILY_NAMES, _ZIPF)[0]


def _other_family(rng: Random, name: str) -> str:
    while (other := _family(rng)) == name:
        pass
    return other
