using System.Security.Cryptography;
using Attune.Text;
using Encoding = System.Text.Encoding;

namespace Attune.Data;

/// <summary>Counts the rows of data as they are read, and computes their SHA-256: the same for the same rows in the same order.</summary>
public sealed class DataDigest
{
    readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public int Rows { get; private set; }

    /// <summary>The SHA-256 of the rows that were read, in hexadecimal digits.</summary>
    public string Sha256 => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>Examples that are counted while they are read.</summary>
    public IEnumerable<Example> Count(IEnumerable<Example> examples)
    {
        foreach (var example in examples)
        {
            Rows++;
            hash.AppendData(Encoding.UTF8.GetBytes(example.Row?.Raw ?? ""));
            hash.AppendData("\n"u8);
            yield return example;
        }
    }

    /// <summary>
    /// A hash, as 16 hexadecimal digits, of what a method learns from an example: its prompt for <see cref="DataUse.Prompts"/>, else its
    /// texts. It does not depend on the layout or on other fields.
    /// </summary>
    public static string HashOf(Example example, DataUse use)
    {
        var text = use == DataUse.Prompts ? PromptOf(example) : string.Join('\0', TextsOf(example).Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

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
