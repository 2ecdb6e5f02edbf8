using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Attune.Evaluation;
using Attune.Reporting.TextMetrics;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using EvaluationResult = Microsoft.Extensions.AI.Evaluation.EvaluationResult;

namespace Attune.Tests;

/// <summary>Metrics and reward models as evaluators of Microsoft.Extensions.AI.Evaluation, and evaluators as rewards.</summary>
public sealed class EvaluatorTests(TinyFolders tiny) : IClassFixture<TinyFolders>
{
    static readonly ChatMessage[] Messages = [new(ChatRole.User, "The cat says")];

    public static TheoryData<string> Metrics => [.. TextMetricCatalog.All.Keys.Where(name => name != "parent")];

    [Theory, MemberData(nameof(Metrics))]
    public async Task TextMetricEvaluator_EveryMetric_IsThatOfTheMetric(string name)
    {
        var result = await new TextMetricEvaluator(name).EvaluateAsync(
            Messages, Answer("the cat says meow"), additionalContext: [new ReferencesContext("the cat says moo", "meow")]);
        Assert.Equal(
            TextMetricCatalog.All[name].Score("the cat says meow", "the cat says moo", "meow"), result.Get<NumericMetric>(name).Value);
    }

    [Fact]
    public async Task Evaluators_InACompositeEvaluator_AreItsMetrics()
    {
        var evaluator = new CompositeEvaluator(
            new TextMetricEvaluator("bleu"), new TextMetricEvaluator("table", new Parent { Lambda = null }),
            new ScoreModelEvaluator(ScoreModel.Load(tiny.RewardModel, "cpu")));
        Assert.Equal(["bleu", "score", "table"], evaluator.EvaluationMetricNames.Order(StringComparer.Ordinal));
        var result = await evaluator.EvaluateAsync(Messages, Answer(" meow"), additionalContext:
            [new ReferencesContext("the meow") { Table = [new("sound", "meow")] }]);
        Assert.True(result.Get<NumericMetric>("table").Value > 0);
        Assert.Equal(
            ScoreModel.Load(tiny.RewardModel, "cpu").Score("The cat says", " meow"), result.Get<NumericMetric>("score").Value!.Value, 1e-6);
    }

    [Theory]
    [InlineData("bleu", "'bleu' needs a ReferencesContext with at least one reference in additionalContext")]
    [InlineData("parent", "'parent' needs a ReferencesContext with a table")]
    public async Task TextMetricEvaluator_ContextIsMissing_HasAnErrorAndNoValue(string name, string expected)
    {
        EvaluationContext[] context = name == "parent" ? [new ReferencesContext("meow")] : [];
        var result = await new TextMetricEvaluator(name).EvaluateAsync(Messages, Answer("meow"), additionalContext: context);
        var metric = result.Get<NumericMetric>(name);
        Assert.Null(metric.Value);
        Assert.Equal(expected, Assert.Single(metric.Diagnostics!).Message);
    }

    [Fact]
    public void TextMetricEvaluator_UnknownName_IsRefused() => Assert.Contains(
        "must be one of rouge1, rouge2,", Assert.Throws<ArgumentException>(() => new TextMetricEvaluator("rouge3")).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task EvaluatorReward_ModelIsAsked_ItsRatingIsTheReward()
    {
        using var client = new RatingClient("4");
        var last = await Train("rated", EvaluatorReward.From(new Rater(), "rating", new(client), name: "rated"));
        Assert.Equal(4, last.Metrics["objective/scores"]);
        Assert.All(client.Asked, text => Assert.StartsWith("Rate this response to 'The ", text, StringComparison.Ordinal));
        Assert.NotEmpty(client.Asked);
    }

    [Fact]
    public async Task EvaluatorReward_ReferencesOfTheRow_ReachTheEvaluator()
    {
        var last = await Train("referenced", EvaluatorReward.From(
            new TextMetricEvaluator("chrf"), "chrf", context: response => [new ReferencesContext([.. response.Texts("prompt")])]));
        Assert.InRange(last.Metrics["objective/scores"], 0, 1);
    }

    [Fact]
    public async Task EvaluatorReward_MetricWithoutAValue_IsNoScore()
    {
        using var client = new RatingClient("none");
        var last = await Train(
            "unrated", EvaluatorReward.From(new Rater(), "rating", new(client), name: "rated"), Reward.From((_, _) => 2.0, "two"));
        Assert.Equal(2, last.Metrics["objective/scores"]);
    }

    [Theory]
    [InlineData("chrf", "the evaluator TextMetricEvaluator failed to give the metric 'chrf': 'chrf' needs a ReferencesContext")]
    [InlineData("ter", "the evaluator TextMetricEvaluator has no metric 'ter'; it has chrf")]
    public async Task EvaluatorReward_Error_StopsTheRun(string metric, string expected)
    {
        var error = await Assert.ThrowsAsync<TrainingStoppedException>(() =>
            Train($"error-{metric}", EvaluatorReward.From(new TextMetricEvaluator("chrf"), metric)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    async Task<StepResult> Train(string output, params RewardOptions[] rewards)
    {
        StepResult? last = null;
        using var model = ChatModel.Load(tiny.LanguageModel, "cpu");
        using var result = await Trainer.TrainAsync(
            model, tiny.OnPolicy("grpo", $"evaluator-{output}", steps: 1) with { Rewards = rewards }, step => last = step);
        return last!;
    }

    static ChatResponse Answer(string text) => new(new ChatMessage(ChatRole.Assistant, text));

    /// <summary>Asks a model for a number.</summary>
    sealed class Rater : IEvaluator
    {
        public IReadOnlyCollection<string> EvaluationMetricNames => ["rating"];

        public async ValueTask<EvaluationResult> EvaluateAsync(
            IEnumerable<ChatMessage> messages, ChatResponse modelResponse, ChatConfiguration? chatConfiguration = null,
            IEnumerable<EvaluationContext>? additionalContext = null, CancellationToken cancellationToken = default)
        {
            var rating = await chatConfiguration!.ChatClient.GetResponseAsync(
                $"Rate this response to '{messages.Single().Text}': {modelResponse.Text}", cancellationToken: cancellationToken);
            return new(new NumericMetric(
                "rating", double.TryParse(rating.Text, CultureInfo.InvariantCulture, out var number) ? number : null));
        }
    }

    /// <summary>Gives every response the same rating.</summary>
    sealed class RatingClient(string rating) : IChatClient
    {
        public ConcurrentBag<string> Asked { get; } = [];

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.Add(messages.Single().Text);
            return Task.FromResult(Answer(rating));
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            yield return new(ChatRole.Assistant, rating);
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
