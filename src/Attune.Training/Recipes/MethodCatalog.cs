using Attune.Reporting.Reports;

namespace Attune.Training.Recipes;

/// <summary>A training method: its description, and a recipe with its defaults.</summary>
public sealed record TrainingMethod(string Name) : MethodDescription(Name)
{
    public required Func<IRecipe> NewRecipe { get; init; }
}

/// <summary>The one list of training methods: commands, recipes, help and reports are made from it.</summary>
public static class MethodCatalog
{
    public static IReadOnlyList<TrainingMethod> All { get; } =
    [
        new("pretrain")
        {
            NewRecipe = () => new PretrainRecipe(),
            Summary = "Train a language model on documents",
            Example = "attune pretrain data.train=books/ newModel.layers=6",
            ReportTitle = "Pretraining",
            ReportLead = "The model read documents and learned to predict each next token.",
            HasPrompts = false,
        },
        new("sft")
        {
            NewRecipe = () => new SftRecipe(),
            Summary = "Fine-tune on answers that people wrote",
            Example = "attune sft model=runs/pretrain/model data.train=answers.jsonl",
            ReportTitle = "Fine-tuning",
            ReportLead = "The model learned from demonstrations to answer as people do.",
        },
        new("reward")
        {
            NewRecipe = () => new RewardRecipe(),
            Summary = "Learn a score from people's rankings",
            Example = "attune reward model=runs/sft/model data.train=rankings.jsonl",
            ReportTitle = "Reward model",
            ReportLead = "From people's rankings a model learned to tell better answers from worse, with one number.",
            MakesRewardModel = true,
            Metrics =
            [
                new("loss", "Ranking loss", "nats a pair",
                    "How surprised the model is by people's choices; 0.69 is guessing. Healthy: both curves fall. When held-out rises "
                    + "again, the model begins to learn the rankings by heart."),
            ],
        },
        new("dpo")
        {
            NewRecipe = () => new DpoRecipe(),
            Summary = "Fine-tune on comparisons, without a reward model",
            Example = "attune dpo model=runs/sft/model data.train=pairs.jsonl",
            ReportTitle = "DPO",
            ReportLead = "From comparisons the model learned to make preferred responses more likely than rejected ones.",
            Metrics =
            [
                new("loss", "DPO loss", "nats a pair",
                    "How surprised the implicit reward is by people's choices; 0.69 is guessing. Healthy: both curves fall. When held-out "
                    + "rises again, the model begins to learn the comparisons by heart."),
            ],
        },
        new("ppo")
        {
            NewRecipe = () => new PpoRecipe(),
            Summary = "Tune a model towards a higher score",
            Example = "attune ppo model=runs/sft/model rewardModel=runs/reward/model data.train=prompts.jsonl",
            ReportTitle = "PPO",
            ReportLead = "The model answered prompts, and what scored well was made more likely, not too far from where it began.",
            Metrics =
            [
                new("loss", "Total loss", "",
                    "What the optimizer sees: the policy loss, plus the value loss with its weight. It has no level to reach.")
                {
                    Place = ChartPlace.Folded,
                },
            ],
        },
        new("grpo")
        {
            NewRecipe = () => new GrpoRecipe(),
            Summary = "Tune a model towards a higher score by comparing its responses with each other",
            Example = "attune grpo model=runs/sft/model rewardModel=runs/reward/model data.train=prompts.jsonl",
            ReportTitle = "GRPO",
            ReportLead = "The model sampled several responses to each prompt, and those that scored above the others were made more likely.",
            Metrics =
            [
                new("loss", "Loss", "", "The policy loss, and the KL where it is penalised. It is near 0 by construction and has no level to reach.")
                {
                    Place = ChartPlace.Folded,
                },
                new("grpo/groups_without_signal", "Groups without signal", "%",
                    "Prompts whose responses all have the same score: nothing is learned from them. Healthy: below 50 %.")
                {
                    Place = ChartPlace.Folded,
                },
            ],
        },
    ];

    public static string Names => string.Join(", ", All.Select(method => method.Name));

    public static TrainingMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);

    /// <summary>The method that a recipe is for.</summary>
    /// <exception cref="ArgumentException">No method has recipes of this type.</exception>
    public static TrainingMethod For(IRecipe recipe) => All.FirstOrDefault(method => method.NewRecipe().GetType() == recipe.GetType())
        ?? throw new ArgumentException($"no training method has the recipe {recipe.GetType().Name}; known are {Names}", nameof(recipe));
}
