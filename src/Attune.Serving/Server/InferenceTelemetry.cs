using System.Diagnostics;
using System.Diagnostics.Metrics;
using Attune.Serving.Protocol;

namespace Attune.Serving.Server;

/// <summary>
/// Spans and metrics of requests for responses, in the names of OpenTelemetry's conventions for generative AI. Without a listener they cost
/// nothing. https://opentelemetry.io/docs/specs/semconv/gen-ai/
/// </summary>
public static class InferenceTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Attune.Serving";

    static readonly ActivitySource Source = new(Name);
    static readonly Meter Meter = new(Name);
    static readonly Histogram<double> Duration = Seconds(
        "gen_ai.server.request.duration", "Time until the last token of a request",
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);
    static readonly Histogram<double> FirstToken = Seconds(
        "gen_ai.server.time_to_first_token", "Time until the first token of a response",
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
    static readonly Histogram<double> NextTokens = Seconds(
        "gen_ai.server.time_per_output_token", "Time per token of a response after the first",
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);

    /// <summary>Sends responses as a span, and records them when they have been sent.</summary>
    /// <param name="operation">chat or text_completion.</param>
    /// <param name="engine">The model.</param>
    /// <param name="request">The request.</param>
    /// <param name="promptTokens">Tokens of the prompts.</param>
    /// <param name="responses">The responses.</param>
    /// <param name="send">Sends them.</param>
    internal static async Task Measure(
        string operation, ChatEngine engine, GenerationFields request, int promptTokens, IReadOnlyList<ResponseStream> responses,
        Func<Task> send)
    {
        var start = Stopwatch.GetTimestamp();
        using var activity = Source.StartActivity($"{operation} {engine.Name}");
        var tags = new TagList
        {
            { "gen_ai.operation.name", operation }, { "gen_ai.provider.name", "attune" }, { "gen_ai.request.model", engine.Name },
            { "gen_ai.response.model", engine.Name },
        };
        try
        {
            await send().ConfigureAwait(false);
            foreach (var response in responses)
                Record(response, tags);
        }
        catch (Exception error)
        {
            tags.Add("error.type", error.GetType().FullName);
            activity?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Duration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
            if (activity is not null)
                Describe(activity, tags, request, promptTokens, responses);
        }
    }

    static void Record(ResponseStream response, TagList tags)
    {
        if (response.TimeToFirstToken is not { } first)
            return;
        FirstToken.Record(first.TotalSeconds, tags);
        if (response.TokenCount > 1)
            NextTokens.Record((response.TimeToLastToken - first).TotalSeconds / (response.TokenCount - 1), tags);
    }

    static void Describe(
        Activity activity, TagList tags, GenerationFields request, int promptTokens, IReadOnlyList<ResponseStream> responses)
    {
        foreach (var (name, value) in tags)
            activity.SetTag(name, value);
        activity.SetTag("gen_ai.request.max_tokens", request.Limit).SetTag("gen_ai.request.temperature", request.Temperature)
            .SetTag("gen_ai.request.top_p", request.TopP).SetTag("gen_ai.request.top_k", request.TopK)
            .SetTag("gen_ai.request.frequency_penalty", request.FrequencyPenalty)
            .SetTag("gen_ai.request.presence_penalty", request.PresencePenalty).SetTag("gen_ai.request.seed", request.Seed)
            .SetTag("gen_ai.request.choice.count", request.N is 1 ? null : request.N)
            .SetTag("gen_ai.usage.input_tokens", promptTokens)
            .SetTag("gen_ai.usage.output_tokens", responses.Sum(response => response.TokenCount))
            .SetTag("gen_ai.response.finish_reasons", responses.Select(TokenNames.Reason).ToArray());
    }

    static Histogram<double> Seconds(string name, string description, double[] bounds) => Meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
