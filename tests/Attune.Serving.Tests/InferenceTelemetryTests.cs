using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Attune.Serving.Server;

namespace Attune.Serving.Tests;

public sealed class InferenceTelemetryTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task Chat_IsASpanInTheNamesOfTheConventions()
    {
        var activities = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == InferenceTelemetry.Name, ActivityStopped = activities.Add,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        var response = await server.Post("/v1/chat/completions", new
        {
            messages = new[] { new { role = "user", content = "x" } }, max_tokens = 4, seed = 77123, temperature = 0.5,
        });
        var activity = Assert.Single(activities, activity => activity.GetTagItem("gen_ai.request.seed") is 77123L);
        Assert.Equal("chat chat", activity.DisplayName);
        Assert.Equal("chat", activity.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("chat", activity.GetTagItem("gen_ai.response.model"));
        Assert.Equal(0.5, activity.GetTagItem("gen_ai.request.temperature"));
        Assert.Equal(4, activity.GetTagItem("gen_ai.request.max_tokens"));
        Assert.Equal((int)response["usage"]!["prompt_tokens"]!, activity.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal((int)response["usage"]!["completion_tokens"]!, activity.GetTagItem("gen_ai.usage.output_tokens"));
        var reasons = Assert.IsType<string[]>(activity.GetTagItem("gen_ai.response.finish_reasons"));
        Assert.Equal((string?)response["choices"]![0]!["finish_reason"], Assert.Single(reasons));
    }

    [Fact]
    public async Task Completions_AreMeasuredInSeconds()
    {
        var measured = new ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Meter.Name == InferenceTelemetry.Name)
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, seconds, tags, _) =>
        {
            if (tags.ToArray().Any(tag => tag.Value is "text_completion") && seconds is >= 0 and < 60)
                measured.Add($"{instrument.Name} {instrument.Unit}");
        });
        listener.Start();
        await server.Post("/v1/completions", new { prompt = "The cat says", max_tokens = 3, ignore_eos = true });
        string[] names =
            ["gen_ai.server.request.duration s", "gen_ai.server.time_per_output_token s", "gen_ai.server.time_to_first_token s"];
        Assert.Superset(names.ToHashSet(StringComparer.Ordinal), measured.ToHashSet(StringComparer.Ordinal));
    }
}
