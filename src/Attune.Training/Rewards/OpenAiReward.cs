using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Attune.Training.Options;
using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>
/// A language model on a server with OpenAI's API of chat completions, which scores a response, or compares two.
/// </summary>
public sealed record OpenAiReward : RequestedReward
{
    const string ScoreQuestion =
        "Rate the response to the prompt with a number from {minimum} (worst) to {maximum} (best). Reply with the number only.\n\n"
        + "<prompt>\n{prompt}\n</prompt>\n\n<response>\n{response}\n</response>";

    static readonly string CompareQuestion = AskToCompare("Which response to the prompt is better?");

    /// <summary>A <see cref="Question"/> that compares two responses.</summary>
    /// <param name="what">The question, such as "Which response is less harmful?".</param>
    public static string AskToCompare(string what) =>
        $"{what} Reply with 1 or 2 only, or with 0 if they are equally good.\n\n"
        + "<prompt>\n{prompt}\n</prompt>\n\n<response1>\n{response1}\n</response1>\n\n<response2>\n{response2}\n</response2>";

    public override string Kind => "openai";

    /// <summary>The base URL of the API, such as https://api.openai.com/v1 or http://localhost:8000/v1.</summary>
    [HttpUrl]
    public string Url { get; init; } = "";

    /// <summary>The name of the model on the server.</summary>
    [MinLength(1, ErrorMessage = "must be the name of a model on the server")]
    public string Model { get; init; } = "";

    /// <summary>The environment variable that holds the API key; no key is sent where it is not set.</summary>
    public string ApiKeyVariable { get; init; } = "OPENAI_API_KEY";

    /// <summary>
    /// What the model is asked, with {prompt} and {response}, or with compare {response1} and {response2}; also {minimum}, {maximum} and
    /// the fields. It must ask for a number only, with compare for 1, 2 or 0 (a tie). Empty for a general question.
    /// </summary>
    public string Question { get; init; } = "";

    /// <summary>The lowest score that the model is asked for.</summary>
    [Range(-1e6, 1e6)]
    public double Minimum { get; init; }

    /// <summary>The highest.</summary>
    [Range(-1e6, 1e6)]
    public double Maximum { get; init; } = 10;

    /// <summary>Requests that are open at the same time, one for each response or order of a pair.</summary>
    [Range(1, 256)]
    public int Concurrency { get; init; } = 8;

    /// <summary>The sampling temperature of the model; null for the server's.</summary>
    [Range(0d, 2d)]
    public double? Temperature { get; init; } = 0;

    /// <summary>The maximum length of the model's reply in tokens.</summary>
    [Range(1, int.MaxValue)]
    public int MaxTokens { get; init; } = 512;

    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Minimum >= Maximum)
            yield return new("must be below maximum", [nameof(Minimum)]);
        string[] places = Compare ? ["{response1}", "{response2}"] : ["{response}"];
        if (Question.Length > 0 && !Array.TrueForAll(places, place => Question.Contains(place, StringComparison.Ordinal)))
            yield return new($"must contain {string.Join(" and ", places)}", [nameof(Question)]);
    }

    public override IJudge NewJudge(Action<string> say, CancellationToken cancellation) =>
        new OpenAiModel(this, NewCalls(NewRemote(), say, cancellation));

    private protected override IRewardSource BuildScorer(RewardContext context) =>
        new OpenAiSource(this, new(this, NewCalls(NewRemote(), context.Say, context.Cancellation)), context.Policy.Tokenizer);

    OpenAiRemote NewRemote() => new(
        new HttpRemote(Url.TrimEnd('/') + "/chat/completions", HttpCalls.KeyOf(ApiKeyVariable)),
        Compare ? Verdicts.Choice() : Verdicts.Number(),
        Compare ? "1, 2 or 0" : $"a number from {Text(Minimum)} to {Text(Maximum)}",
        value => Compare || (value >= Minimum && value <= Maximum));

    /// <summary>The text that the model is asked, with the responses in its places.</summary>
    internal string Ask(TextResponse response, TextResponse? other = null)
    {
        var values = Fields.ToDictionary(field => field, field => string.Join("\n", response.Texts(field)), StringComparer.Ordinal);
        (values["prompt"], values["response"], values["response1"]) = (response.Prompt.Text, response.Text, response.Text);
        (values["response2"], values["minimum"], values["maximum"]) = (other?.Text ?? "", Text(Minimum), Text(Maximum));
        var question = Question.Length > 0 ? Question : Compare ? CompareQuestion : ScoreQuestion;
        return Verdicts.Place().Replace(question, match => values.GetValueOrDefault(match.Groups["name"].Value, match.Value));
    }

    static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The model behind the server: asks several questions at a time.</summary>
sealed class OpenAiModel(OpenAiReward options, RemoteCalls calls) : IJudge
{
    public double[] Compare(IReadOnlyList<(TextResponse First, TextResponse Second)> pairs) => [.. Ask(
        [.. pairs.Select(pair => options.Ask(pair.First, pair.Second))]).Select(choice => choice switch { 1 => 1, 2 => 0, _ => 0.5 })];

    /// <summary>The number that each question is answered with.</summary>
    public double[] Ask(IReadOnlyList<string> questions)
    {
        try
        {
            return [.. questions.AsParallel().AsOrdered().WithDegreeOfParallelism(options.Concurrency).Select(Ask)];
        }
        catch (AggregateException failures)
        {
            throw failures.InnerExceptions.FirstOrDefault(failure => failure is OperationCanceledException) ?? failures.InnerExceptions[0];
        }
    }

    public void Dispose() => calls.Dispose();

    double Ask(string question)
    {
        var request = new JsonObject
        {
            ["model"] = options.Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
            ["max_tokens"] = options.MaxTokens,
        };
        if (options.Temperature is { } temperature)
            request["temperature"] = temperature;
        return BitConverter.ToDouble(calls.Send(JsonSerializer.SerializeToUtf8Bytes(request)));
    }
}

/// <summary>The scores that the model gives to single responses.</summary>
sealed class OpenAiSource(OpenAiReward options, OpenAiModel model, Text.Tokenizer tokenizer) : IRewardSource
{
    public bool IsRemote => true;

    public Scores Score(Rollouts rollouts)
    {
        try
        {
            return Scores.FromTotals(model.Ask(
                [.. TextResponse.FromRollouts(rollouts, tokenizer).Select(response => options.Ask(response))]));
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the reward '{options.Title}' failed: {error.Message}", error);
        }
    }

    public void Dispose() => model.Dispose();
}

/// <summary>A server of chat completions: answers with the bytes of the number in the reply.</summary>
/// <param name="server">The server.</param>
/// <param name="reply">A reply with a number; another one is a failed attempt.</param>
/// <param name="expected">What a reply must be, for messages.</param>
/// <param name="isInRange">Whether a number is allowed.</param>
sealed class OpenAiRemote(IRemote server, Regex reply, string expected, Func<double, bool> isInRange) : IRemote
{
    const string EndOfThinking = "</think>";

    public byte[] Send(byte[] request, TimeSpan timeout, CancellationToken cancellation)
    {
        var text = Content(server.Send(request, timeout, cancellation));
        var answer = text.Split(EndOfThinking)[^1];
        return reply.Match(answer) is { Success: true } match
            && double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture) is var value && isInRange(value)
            ? BitConverter.GetBytes(value)
            : throw new IOException($"the model's reply must be {expected} (was '{RemoteCalls.Shortened(text.Trim())}')");
    }

    public void Dispose() => server.Dispose();

    static string Content(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString() ?? "";
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException
            or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"its answer is no chat completion: {RemoteCalls.Quoted(answer)}", error);
        }
    }
}

/// <summary>Replies that consist of a verdict, possibly as JSON or after a word such as "Answer:".</summary>
static partial class Verdicts
{
    const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"^[^\w-]*((response|answer|verdict|winner|choice)\b[^\w-]*)*(?<value>[012])\W*$", Options, 1000)]
    public static partial Regex Choice();

    [GeneratedRegex(@"^[^\w-]*((score|rating|answer)\b[^\w-]*)*(?<value>-?\d{1,9}(\.\d{1,9})?)(\s*/\s*\d+)?\W*$", Options, 1000)]
    public static partial Regex Number();

    [GeneratedRegex(@"\{(?<name>[\w.-]+)\}", Options, 1000)]
    public static partial Regex Place();
}
