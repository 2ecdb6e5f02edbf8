namespace Attune.Text;

/// <summary>Removes a character from the ends of every token, up to a number of times.</summary>
sealed class StripDecoder(char content, int start, int stop) : IDecoder
{
    public static StripDecoder Read(JsonField field)
    {
        var content = field["content"].Character();
        return content.Length == 1
            ? new(content[0], field["start"].Whole(), field["stop"].Whole())
            : throw field["content"].Wrong("a character of the Basic Multilingual Plane");
    }

    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => [.. tokens.Select(Strip)];

    string Strip(string token)
    {
        var (first, last) = (0, token.Length);
        while (first < last && first < start && token[first] == content)
            first++;
        while (last > first && token.Length - last < stop && token[last - 1] == content)
            last--;
        return token[first..last];
    }
}
