using Attune.Testing;

namespace Attune.Input.Tests;

public sealed class JsonInputTests
{
    [Theory]
    [InlineData("""{"a": 1,}""", "line 1, column 9: this is not valid JSON: there is a comma before `}`; remove the comma")]
    [InlineData("[1, 2,\n]", "line 2, column 1: this is not valid JSON: there is a comma before `]`; remove the comma")]
    [InlineData("""{"a": 1 "b": 2}""", "column 9: this is not valid JSON: expected `,` or `}`, found `\"`")]
    [InlineData("""{"a" 1}""", "column 6: this is not valid JSON: expected `:` after a name, found `1`")]
    [InlineData("""{"é": x}""", "column 7: this is not valid JSON: expected a value, found `x`")]
    [InlineData("""{"a": NaN}""", "expected a value, found `NaN`; JSON has null, true and false, and no NaN or Infinity")]
    [InlineData("""{"a": True}""", "expected a value, found `True`; JSON has null")]
    [InlineData("""{'a': 1}""", "expected a name in double quotation marks, or `}`, found `'`; JSON uses double quotation marks")]
    [InlineData("{\n  // no\n}", "line 2, column 3: this is not valid JSON: expected a name in double quotation marks, or `}`, found `/`")]
    [InlineData("""{"a": [1, 2""", "expected `,` or `]`, found the end of the text; it may be cut off")]
    [InlineData("""{"a": [1.]}""", "column 8: this is not valid JSON: expected a value, or `]`, found `1.`")]
    [InlineData("""{"a": nulx}""", "expected a value, found `nulx`")]
    [InlineData("""{"a": "b""", "the text ends inside quotation marks; it may be cut off")]
    [InlineData("{\"a\": \"b\nc\"}", "a line ends inside quotation marks; write \\n")]
    [InlineData("{\"a\": \"b\tc\"}", "the control character U+0009 inside quotation marks must be written as \\u0009")]
    [InlineData("""{"a": "\x"}""", "a backslash must be followed by one of")]
    [InlineData("""{"a": 1} {"b": 2}""", "column 10: this is not valid JSON: expected the end of the text, found `{`")]
    [InlineData("""{"a": 1, "a": 2}""", "column 10: this is not valid JSON: the name 'a' occurs twice in one object")]
    [InlineData("""{"a": {"b": 1, "b": 2}}""", "the name 'b' occurs twice")]
    [InlineData("""{"\ud800": 1}""", "a text has a lone surrogate")]
    [InlineData("", "expected a value, found the end of the text")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0", "config.json is a Git LFS pointer, not the file itself")]
    [InlineData("<!DOCTYPE html><html>", "config.json is a web page, not the file itself")]
    public void Parse_InvalidText_SaysWhereAndWhatWasExpected(string json, string expected)
    {
        var message = Assert.Throws<InvalidDataException>(() => JsonInput.Parse(json, "config.json")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("BytePosition", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_EveryCutOfAText_NeverShowsTheLibrarysText()
    {
        const string json = """{"a": [1, -2.5e3, true, null, "x\u00e9\n"], "b": {"c": false, "d": []}}""";
        for (var length = 0; length < json.Length; length++)
            foreach (var added in (string[])["", "}", "]", ",", ":", "\"", "x", "\u0001", "\\", "-", "0"])
                if (TryMessage(json[..length] + added) is { } message)
                    Assert.Matches("^f, line 1, column [0-9]+: this is not valid JSON: ", message);
    }

    [Fact]
    public void Parse_TooManyLevels_SaysHowManyAreAllowed()
    {
        var json = new string('[', 100_000);
        var message = Assert.Throws<InvalidDataException>(() => JsonInput.Parse(json, "f")).Message;
        Assert.Contains("nested more than 64 levels deep", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]", "must be a JSON object (was a list)")]
    [InlineData("", "is empty; it must be a JSON object")]
    [InlineData("{\"a\": \"\\ud800\"}", "a text has a lone surrogate")]
    public void ReadObject_SomethingElse_IsRefused(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        var message = Assert.Throws<InvalidDataException>(() => JsonInput.ReadObject(folder.Write("config.json", json))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ValueOfAnotherType_NamesIt()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.json", """{"Numbers": [1, "two"]}""");
        var message = Assert.Throws<InvalidDataException>(() => JsonInput.Read<Typed>(path, new())).Message;
        Assert.Equal($"{path}: 'Numbers[1]' has a value of the wrong type", message);
    }

    static string? TryMessage(string json)
    {
        try
        {
            JsonInput.Parse(json, "f");
            return null;
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    sealed record Typed(int[] Numbers);
}
