using System.Text.Json;

namespace Attune.Text;

/// <summary>Tokens and their ids.</summary>
sealed class Vocabulary
{
    const int MostIds = 1 << 22;                                   // sixteen times the largest known vocabulary

    readonly Dictionary<string, int> ids = [];
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> idsOfSpans;
    readonly Dictionary<int, string> tokens = [];

    Vocabulary(JsonField field)
    {
        foreach (var (token, id) in ReadEntries(field))
        {
            ids.Add(token, id);
            if (!tokens.TryAdd(id, token))
                throw field.Invalid($"'{tokens[id]}' and '{token}' both have the id {id}");
        }
        idsOfSpans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Reads an object of tokens and ids. Ids may have gaps but must be unique.</summary>
    public static Vocabulary Read(JsonField field) => new(field);

    static IEnumerable<(string Token, int Id)> ReadEntries(JsonField field)
    {
        foreach (var (token, id) in field.Members())
            yield return id.Value.ValueKind == JsonValueKind.Number && id.Value.TryGetInt32(out var value) && value is >= 0 and < MostIds
                ? (token, value)
                : throw id.Wrong($"an id from 0 to {MostIds - 1}");
    }

    public int Count => ids.Count;

    public IReadOnlyDictionary<string, int> Entries => ids;

    public int? this[string token] => ids.TryGetValue(token, out var id) ? id : null;

    public string? this[int id] => tokens.GetValueOrDefault(id);

    /// <summary>The id of the unknown token; an error if the vocabulary does not have it.</summary>
    public int IdOfUnknown(string unknown) => this[unknown] ?? throw new InvalidDataException(
        $"the vocabulary has neither a part of the text nor the unk_token '{unknown}'");

    public bool TryGet(ReadOnlySpan<char> token, out int id) => idsOfSpans.TryGetValue(token, out id);
}
