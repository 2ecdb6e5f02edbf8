using System.Text;
using Attune.Store;
using Microsoft.AspNetCore.Identity;

namespace Attune.Studio.Security;

/// <summary>
/// Hashes of passwords, and which passwords are refused. Passwords are compared in Unicode's form NFKC, so that the same characters
/// typed on another system match (NIST SP 800-63B, 3.1.1.2).
/// </summary>
static class Passwords
{
    public const int Shortest = 10;
    public const int Longest = 200;

    /// <summary>What must be left of a password without known words, sequences and repetitions.</summary>
    const int LeastRest = 6, LeastDifferent = 5;

    const int ShortestSequence = 3;

    static readonly string[] Common =
    [
        "PASSWORD", "PASSWORT", "PASSW0RD", "P@SSWORD", "P@SSW0RD", "ILOVEYOU", "WELCOME", "WILLKOMMEN", "LETMEIN", "ADMINISTRATOR",
        "ADMIN", "CHANGEME", "TRUSTNO", "SUNSHINE", "PRINCESS", "FOOTBALL", "BASEBALL", "SUPERMAN", "BATMAN", "DRAGON", "MONKEY",
        "SHADOW", "MASTER", "LOGIN", "SECRET", "DEFAULT", "GUEST", "ATTUNE", "STUDIO", "SPRING", "SUMMER", "AUTUMN", "WINTER",
    ];

    /// <summary>The alphabet, digits, and rows of keyboards, in both directions.</summary>
    static readonly string[] Sequences =
    [
        .. new[] { "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01234567890", "QWERTYUIOP", "QWERTZUIOP", "AZERTYUIOP", "ASDFGHJKL", "ZXCVBNM",
            "YXCVBNM", "1Q2W3E4R5T6Y7U8I9O0P", "Q1W2E3R4T5Y6U7I8O9P0", "1QAZ2WSX3EDC4RFV", "!@#$%^&*()" }
            .SelectMany(row => new[] { row, string.Concat(row.Reverse()) }),
    ];

    static readonly PasswordHasher<Person> Hasher = new();

    // Checked when there is no password hash, so that an unknown name takes as long as a wrong password.
    static readonly string NoHash = Hasher.HashPassword(null!, Guid.NewGuid().ToString());

    /// <exception cref="InvalidDataException">The password is too short, too long, or easy to guess.</exception>
    public static string Hash(string password, string name)
    {
        password = Normalized(password);
        if (password.Length is < Shortest or > Longest)
            throw new InvalidDataException($"a password must have {Shortest} to {Longest} characters");
        return IsEasy(password, name)
            ? throw new InvalidDataException(
                "this password is easy to guess; use several words that do not belong together, without your name, common passwords, "
                + "sequences such as 12345 and repetitions")
            : Hasher.HashPassword(null!, password);
    }

    /// <param name="hash">The stored hash; null where there is none, which takes as long.</param>
    /// <param name="password">The password that was sent.</param>
    public static bool Verify(string? hash, string password)
    {
        if (password.Length > Longest)
            return false;
        var normal = Normalized(password);
        var matches = Matches(hash ?? NoHash, normal)
            || (normal != password && Matches(hash ?? NoHash, password));     // a hash of an older studio
        return matches && hash is not null;
    }

    static bool Matches(string hash, string password) =>
        Hasher.VerifyHashedPassword(null!, hash, password) != PasswordVerificationResult.Failed;

    static string Normalized(string password) => string.Concat(password.EnumerateRunes()).Normalize(NormalizationForm.FormKC);

    static bool IsEasy(string password, string name)
    {
        var rest = password.ToUpperInvariant();
        foreach (var word in name.ToUpperInvariant().Split(' ').Where(part => part.Length >= ShortestSequence).Concat(Common))
            rest = rest.Replace(word, "", StringComparison.Ordinal);
        rest = WithoutSequences(rest);
        return rest.Length < LeastRest || WithoutRepetition(rest).Length < LeastRest || rest.Distinct().Count() < LeastDifferent;
    }

    static string WithoutSequences(string text)
    {
        var rest = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var length = 1;
            while (i + length < text.Length && IsSequence(text.Substring(i, length + 1)))
                length++;
            rest.Append(text, i, length < ShortestSequence ? length : 0);
            i += length;
        }
        return rest.ToString();
    }

    static bool IsSequence(string text) =>
        text.All(letter => letter == text[0]) || Sequences.Any(row => row.Contains(text, StringComparison.Ordinal));

    /// <summary>The part of which the text is a repetition.</summary>
    static string WithoutRepetition(string text) => Enumerable.Range(1, text.Length / 2)
        .Where(length => Enumerable.Range(length, text.Length - length).All(i => text[i] == text[i - length]))
        .Select(length => text[..length]).FirstOrDefault(text);
}
