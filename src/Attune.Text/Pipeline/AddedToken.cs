using System.Text.Json.Nodes;

namespace Attune.Text;

/// <summary>A token that is found in the text before the other steps.</summary>
/// <param name="Content">Its text.</param>
/// <param name="SingleWord">Whether it matches only where no letter, digit or underscore is adjacent.</param>
/// <param name="LStrip">Whether it includes white space on its left.</param>
/// <param name="RStrip">Whether it includes white space on its right.</param>
/// <param name="Normalized">Whether its normalized text is searched for in the normalized text.</param>
/// <param name="Special">Whether decoding can skip it.</param>
sealed record AddedToken(string Content, bool SingleWord, bool LStrip, bool RStrip, bool Normalized, bool Special)
{
    public static AddedToken Read(JsonField field) => new(
        field["content"].Text(),
        field.Flag("single_word", false),
        field.Flag("lstrip", false),
        field.Flag("rstrip", false),
        field.Flag("normalized", true),
        field.Flag("special", false));

    public JsonObject ToJson(int id) => new()
    {
        ["id"] = id,
        ["content"] = Content,
        ["single_word"] = SingleWord,
        ["lstrip"] = LStrip,
        ["rstrip"] = RStrip,
        ["normalized"] = Normalized,
        ["special"] = Special,
    };
}
