namespace Attune.Reporting.TextMetrics;

/// <summary>
/// The stemmer of Porter 1980, "An algorithm for suffix stripping", with the extensions of NLTK, which rouge_score and METEOR use.
/// https://tartarus.org/martin/PorterStemmer
/// </summary>
public static class PorterStemmer
{
    static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["skies"] = "sky", ["sky"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie", ["news"] = "news",
        ["innings"] = "inning", ["inning"] = "inning", ["outings"] = "outing", ["outing"] = "outing", ["cannings"] = "canning",
        ["canning"] = "canning", ["howe"] = "howe", ["proceed"] = "proceed", ["exceed"] = "exceed", ["succeed"] = "succeed",
    };

    static readonly (string Suffix, string By)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"),
        ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
        ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
        ("fulli", "ful"), ("logi", "log"),
    ];

    static readonly (string Suffix, string By)[] Step3 =
    [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
    ];

    static readonly string[] Step4 =
    [
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive",
        "ize",
    ];

    /// <summary>The stem of an English word in lower case.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var stem))
            return stem;
        return word.Length <= 2 ? word
            : WithoutDoubleL(WithoutE(WithoutSuffix(Shorten(Shorten(Doubled(ToI(WithoutPast(WithoutPlural(word)))), Step2), Step3))));
    }

    /// <summary>Step 1a.</summary>
    static string WithoutPlural(string word) => word switch
    {
        _ when Ends(word, "ies") => word[..^(word.Length == 4 ? 1 : 2)],
        _ when Ends(word, "sses") => word[..^2],
        _ when Ends(word, "ss") || !Ends(word, "s") => word,
        _ => word[..^1],
    };

    /// <summary>Step 1b.</summary>
    static string WithoutPast(string word)
    {
        if (Ends(word, "ied"))
            return word[..^(word.Length == 4 ? 1 : 2)];
        if (Ends(word, "eed"))
            return Measure(word[..^3]) > 0 ? word[..^1] : word;
        var suffix = Ends(word, "ed") ? 2 : Ends(word, "ing") ? 3 : 0;
        if (suffix == 0 || !HasVowel(word[..^suffix]))
            return word;
        var stem = word[..^suffix];
        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz"))
            return stem + "e";
        if (stem.Length >= 2 && stem[^1] == stem[^2] && IsConsonant(stem, stem.Length - 1))
            return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    /// <summary>Step 1c: a y after a consonant, unless that is the whole stem.</summary>
    static string ToI(string word) =>
        Ends(word, "y") && word.Length > 2 && IsConsonant(word, word.Length - 2) ? word[..^1] + "i" : word;

    /// <summary>-alli becomes -al before the other suffixes of step 2.</summary>
    static string Doubled(string word) => Ends(word, "alli") && Measure(word[..^4]) > 0 ? word[..^2] : word;

    /// <summary>Steps 2 and 3: replaces the first suffix of the list that the word ends in, if a stem remains.</summary>
    static string Shorten(string word, (string Suffix, string By)[] rules)
    {
        var (suffix, by) = Array.Find(rules, rule => Ends(word, rule.Suffix));
        if (suffix is null)
            return word;
        var stem = word[..^suffix.Length];
        return Measure(suffix == "logi" ? word[..^3] : stem) > 0 ? stem + by : word;
    }

    /// <summary>Step 4.</summary>
    static string WithoutSuffix(string word)
    {
        if (Array.Find(Step4, suffix => Ends(word, suffix)) is not { } suffix)
            return word;
        var stem = word[..^suffix.Length];
        return Measure(stem) > 1 && (suffix != "ion" || stem[^1] is 's' or 't') ? stem : word;
    }

    /// <summary>Step 5a.</summary>
    static string WithoutE(string word) =>
        Ends(word, "e") && Measure(word[..^1]) is var measure && (measure > 1 || (measure == 1 && !EndsShort(word[..^1])))
            ? word[..^1]
            : word;

    /// <summary>Step 5b.</summary>
    static string WithoutDoubleL(string word) => Ends(word, "ll") && Measure(word[..^1]) > 1 ? word[..^1] : word;

    static bool Ends(string word, string suffix) => word.EndsWith(suffix, StringComparison.Ordinal);

    static bool IsConsonant(string word, int at) => word[at] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => at == 0 || !IsConsonant(word, at - 1),
        _ => true,
    };

    static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(at => !IsConsonant(stem, at));

    /// <summary>Porter's m: how many times a consonant follows a vowel.</summary>
    static int Measure(string stem) =>
        Enumerable.Range(0, stem.Length).Count(at => at > 0 && IsConsonant(stem, at) && !IsConsonant(stem, at - 1));

    /// <summary>Porter's *o, consonant, vowel, consonant but w, x or y; and a vowel and a consonant alone.</summary>
    static bool EndsShort(string stem) =>
        stem.Length >= 2 && !IsConsonant(stem, stem.Length - 2) && IsConsonant(stem, stem.Length - 1)
        && (stem.Length == 2 || (IsConsonant(stem, stem.Length - 3) && stem[^1] is not ('w' or 'x' or 'y')));
}
