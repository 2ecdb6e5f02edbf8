using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Attune.Text;
using Encoding = System.Text.Encoding;

namespace Attune.Data;

/// <summary>
/// The number of the rows of data, and their SHA-256 in hexadecimal digits: the same for the same rows in the same order.
/// </summary>
public sealed record DataDigest(int Rows, string Sha256)
{
    /// <summary>
    /// A hash of what a method learns from an example: its prompt for <see cref="DataUse.Prompts"/>, else its texts. It does not depend on
    /// the layout or on other fields.
    /// </summary>
    public static ulong HashOf(Example example, DataUse use)
    {
        var text = use == DataUse.Prompts ? PromptOf(example) : string.Join('\0', TextsOf(example).Order(StringComparer.Ordinal));
        return BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>A hash as a run folder has it: 16 hexadecimal digits.</summary>
    public static string Written(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

    static string PromptOf(Example example) => example switch
    {
        ChatExample { PromptCount: > 0 } chat => Written(chat.Messages.Take(chat.PromptCount)),
        ChatExample chat => Written(chat.Messages.Reverse().SkipWhile(message => message.Role == "assistant").Reverse()),
        ChatComparisonExample chat => Written(chat.Prompt.Messages),
        LabelledExample labelled => PromptOf(labelled.Response),
        RewardedExample rewarded => PromptOf(rewarded.Response),
        _ => PromptFormat.TextOf(example) ?? "",
    };

    /// <summary>The texts that a method learns from, each the prompt with a response.</summary>
    public static IEnumerable<string> TextsOf(Example example) => example switch
    {
        Document document => [document.Text],
        Demonstration demonstration => [demonstration.Prompt + demonstration.Completion],
        ComparisonExample comparisons => comparisons.Completions.Concat(comparisons.Reference is { } gold ? [gold] : [])
            .Select(completion => comparisons.Prompt + completion),
        ChatExample chat => [Written(chat.Messages)],
        ChatComparisonExample chat => chat.Completions.Concat(chat.Reference is { } gold ? [gold] : [])
            .Select(completion => Written(chat.Prompt.Messages.Concat(completion))),
        LabelledExample labelled => TextsOf(labelled.Response),
        RewardedExample rewarded => TextsOf(rewarded.Response),
        AlternatingTexts alternating => [string.Concat(alternating.Texts)],
        StepwiseExample stepwise => [stepwise.Prompt + string.Concat(stepwise.Steps)],
        _ => [PromptOf(example)],
    };

    static string Written(IEnumerable<Message> messages) =>
        string.Concat(messages.Select(message => $"{message.Role}: {Content(message)}\n"));

    static string Content(Message message) =>
        message.Fields.TryGetProperty("content", out var content) ? content.ToString() : message.Fields.GetRawText();
}
