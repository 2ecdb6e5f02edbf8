using System.Text.Json;
using Attune.Testing;

namespace Attune.Text.Tests;

/// <summary>Compares with transformers' <c>apply_chat_template</c>: rendered texts, masks of assistant tokens, and errors.</summary>
[Trait("Category", "Golden")]
public sealed class ChatTemplateGoldenTests
{
    static readonly Lazy<Tokenizer> Gpt2 = new(() => Tokenizer.Load(Golden.PathTo("tokenizers", "bpe-gpt2")));

    public static TheoryData<string> Templates => [.. Golden.Names("chat_templates", name => IsKind(name, JsonValueKind.Object))];

    public static TheoryData<string> Refusals => [.. Golden.Names("chat_templates", name => IsKind(name, JsonValueKind.Array))];

    static bool IsKind(string name, JsonValueKind kind) => Golden.Json("chat_templates", name + ".json").ValueKind == kind;

    [Theory]
    [MemberData(nameof(Templates))]
    public void EveryConversationIsRenderedOrRefusedAsByTheLibrary(string name)
    {
        var file = Golden.Json("chat_templates", name + ".json");
        var template = new ChatTemplate(file.GetProperty("template").GetString()!, Strings(file.GetProperty("variables")));
        var differences = new Differences();
        foreach (var (index, expected) in file.GetProperty("cases").EnumerateArray().Index())
        {
            var what = $"{name} {index}, {expected.GetProperty("conversation").GetString()}";
            if (expected.TryGetProperty("error", out var error))
                CompareError(template, expected, error, what, differences);
            else
                CompareText(template, expected, what, differences);
        }
        differences.AssertNone();
    }

    static void CompareText(ChatTemplate template, JsonElement expected, string what, Differences differences)
    {
        var rendered = Render(template, expected);
        differences.Add(what, "text", expected.GetProperty("expected"), rendered.Text);
        var encoding = Gpt2.Value.EncodeFull(rendered.Text, addSpecialTokens: false);
        differences.Add(what, "input_ids", expected.GetProperty("input_ids"), encoding.Ids);
        if (expected.TryGetProperty("generation_indices", out var spans))
        {
            Assert.True(template.HasGenerationMarks);
            differences.Add(what, "generation_indices", spans, rendered.Generated.Select(span => new[] { span.Start, span.End }));
            differences.Add(
                what,
                "assistant_masks",
                expected.GetProperty("assistant_masks"),
                encoding.Covered(rendered.Generated).Select(bit => bit ? 1 : 0));
        }
        Golden.Ran("chat_templates renderings");
    }

    static void CompareError(ChatTemplate template, JsonElement expected, JsonElement error, string what, Differences differences)
    {
        var message = Refusal(() => Render(template, expected), what);
        Assert.Matches("^chat template, line [1-9][0-9]*: ", message);
        if (error.GetProperty("from_raise_exception").GetBoolean())
            differences.Add(
                what, "message", error.GetProperty("message"), message[(message.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
        Golden.Ran("chat_templates errors");
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void TemplatesThatTheLibraryRefusesAreRefused(string name)
    {
        foreach (var expected in Golden.Json("chat_templates", name + ".json").EnumerateArray())
        {
            var source = expected.GetProperty("template").GetString()!;
            Assert.StartsWith("chat template, line ", Refusal(() => new ChatTemplate(source).Render([new("user", "x")]), source));
            Golden.Ran("chat_templates errors");
        }
    }

    /// <summary>The message of an error that the library has too.</summary>
    static string Refusal(Func<object> render, string what)
    {
        var error = Record.Exception(render) as InvalidDataException;
        Golden.Equal(true, error is not null, $"{what}: refused");
        return error!.Message;
    }

    static RenderedChat Render(ChatTemplate template, JsonElement expected)
    {
        var conversation = new Conversation([.. expected.GetProperty("messages").EnumerateArray().Select(message => new Message(message))])
        {
            Tools = OrNull(expected.GetProperty("tools")),
            Documents = OrNull(expected.GetProperty("documents")),
            Variables = expected.GetProperty("kwargs"),
        };
        return template.Render(
            conversation,
            expected.GetProperty("add_generation_prompt").GetBoolean(),
            expected.GetProperty("continue_final_message").GetBoolean());
    }

    static JsonElement? OrNull(JsonElement element) => element.ValueKind == JsonValueKind.Null ? null : element;

    static Dictionary<string, string> Strings(JsonElement element) =>
        element.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetString()!, StringComparer.Ordinal);
}
