using Attune.Data;
using Attune.Reporting.Reports;
using Attune.Training.Algorithms;

namespace Attune.Training.Recipes;

/// <summary>A training method: its description, and how to create a recipe with its defaults.</summary>
public sealed record TrainingMethod(string Name) : MethodDescription(Name)
{
    public required Func<IRecipe> NewRecipe { get; init; }

    public required override IReadOnlyList<string> MainKeys { get; init; }

    public required override DataUse Reads { get; init; }
}

/// <summary>The list of training methods, which commands, recipes, help and reports are made from.</summary>
public static class MethodCatalog
{
    /// <summary>Metrics of methods with a teacher.</summary>
    static readonly Metric[] OfTeachers =
    [
        new("kl/forward", "KL(teacher ‖ student)", "nats a token",
            "The mean divergence of the teacher's distribution of the next token from the student's. Healthy: both curves fall."),
        new("kl/reverse", "KL(student ‖ teacher)", "nats a token",
            "The same in the other direction, which is large where the student writes what the teacher would not. Healthy: both curves "
                + "fall."),
        new("agreement", "Agreement with the teacher", "%",
            "How often both models find the same token most likely. Healthy: it rises."),
    ];

    public static IReadOnlyList<TrainingMethod> All { get; } =
    [
        new("pretrain")
        {
            NewRecipe = () => new PretrainRecipe(),
            Reads = DataUse.Documents,
            Summary = "Train a language model on documents",
            Example = "attune pretrain data.train=data/frontdesk/corpus.jsonl newModel.layers=2 newModel.width=128",
            MainKeys =
            [
                "data.train", "data.heldOut", "newModel.layers", "newModel.width", "tokenizer.vocabularySize", "training.epochs",
                "training.batchSize", "optimizer.learningRate", "run.evaluateEvery", "run.output",
            ],
            ReportTitle = "Pretraining",
            ReportLead = "The model read documents and learned to predict each next token.",
            HasPrompts = false,
        },
        new("sft")
        {
            NewRecipe = () => new SftRecipe(),
            Reads = DataUse.Demonstrations,
            Summary = "Fine-tune on demonstrations",
            Example = "attune sft model=runs/quickstart/1-pretrain/model data.train=data/frontdesk/demonstrations.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "parameters.lora.rank", "training.epochs", "training.batchSize",
                "training.microBatchSize", "optimizer.learningRate", "run.evaluateEvery", "run.output",
            ],
            ReportTitle = "Fine-tuning",
            ReportLead = "The model was fine-tuned on demonstrations: prompts with responses that people wrote.",
        },
        new("reward")
        {
            NewRecipe = () => new RewardRecipe(),
            Reads = DataUse.Comparisons,
            Summary = "Train a reward model on comparisons",
            Example = "attune reward model=runs/quickstart/2-sft/model data.train=data/frontdesk/rankings.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "reward.heads", "training.epochs", "training.batchSize", "training.microBatchSize",
                "optimizer.learningRate", "run.evaluateEvery", "run.output",
            ],
            ReportTitle = "Reward model",
            ReportLead = "The model was trained on comparisons to give the preferred response the higher score.",
            MakesRewardModel = true,
            Metrics =
            [
                new("loss", "Comparison loss", "nats a pair",
                    "−log of the probability that the model gives to the annotators' choice; 0.69 is guessing. Healthy: both curves fall. "
                        + "When the held-out curve rises again, the model overfits."),
            ],
        },
        new("prm")
        {
            NewRecipe = () => new PrmRecipe(),
            Reads = DataUse.Steps,
            Summary = "Train a process reward model on responses in labelled steps",
            Example = "attune prm model=runs/quickstart/2-sft/model data.train=data/arithmetic/steps.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "prm.trainOnLastStepOnly", "parameters.lora.rank", "training.epochs",
                "training.batchSize", "training.microBatchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "Process reward model",
            ReportLead = "The model was trained on responses in labelled steps to tell right steps from wrong ones.",
            MakesRewardModel = true,
            Metrics =
            [
                new("loss", "Step loss", "nats a step",
                    "−log of the probability that the model gives to the label of a step; 0.69 is guessing. Healthy: both curves fall. "
                        + "When the held-out curve rises again, the model overfits."),
                new("accuracy", "Step accuracy", "%",
                    "Steps whose label the model gives at least probability ½. Healthy: above the share of the more frequent label, which "
                        + "always predicting that label gives."),
                new("steps/right", "Steps labelled right", "%", "The share of steps that the data labels right.")
                {
                    Place = ChartPlace.Folded,
                },
                new("steps/predicted_right", "Steps predicted right", "%",
                    "The share of steps that the model takes for right. Healthy: near the share that is labelled right.")
                {
                    Place = ChartPlace.Folded,
                },
            ],
        },
        new("dpo")
        {
            NewRecipe = () => new DpoRecipe(),
            Reads = DataUse.Comparisons,
            Summary = "Fine-tune on comparisons, without a reward model",
            Example = "attune dpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/pairs.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "dpo.beta", "parameters.lora.rank", "training.epochs", "training.batchSize",
                "training.microBatchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "DPO",
            ReportLead = "The model was trained on comparisons to make chosen responses more likely than rejected ones.",
            Metrics =
            [
                new("loss", "DPO loss", "",
                    "The loss of `dpo.loss`. Of the sigmoid loss it is −log of the probability that the implicit reward gives to the "
                        + "annotators' choice, and 0.69 is guessing. Healthy: both curves fall. When the held-out curve rises again, the "
                        + "model overfits."),
                .. DpoLosses.All.Keys.Select(DpoLosses.NameOf).Select(name => new Metric($"loss/{name}", $"Loss: {name}", "",
                    "One of the losses that are added, without its weight. Healthy: it falls.") { Place = ChartPlace.Folded }),
                LogprobOfChosen("nats a response"), LogprobOfRejected("nats a response"),
            ],
        },
        new("cpo")
        {
            NewRecipe = () => new CpoRecipe(),
            Reads = DataUse.Comparisons,
            Summary = "Fine-tune on comparisons without a reference: CPO, SimPO",
            Example = "attune cpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/pairs.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "cpo.loss", "cpo.beta", "cpo.cpoAlpha", "parameters.lora.rank", "training.epochs",
                "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "CPO",
            ReportLead =
                "The model was trained on comparisons, without a reference, to make chosen responses more likely than rejected ones.",
            Metrics =
            [
                new("loss", "CPO loss", "",
                    "The loss of pairs, plus the negative log-likelihood of the chosen responses with its weight. Healthy: both curves "
                        + "fall. When the held-out curve rises again, the model overfits."),
                NllLoss("chosen"), LogprobOfChosen(""), LogprobOfRejected(""),
            ],
        },
        new("orpo")
        {
            NewRecipe = () => new OrpoRecipe(),
            Reads = DataUse.Comparisons,
            Summary = "Fine-tune on chosen responses, with a penalty on rejected ones",
            Example = "attune orpo model=runs/quickstart/1-pretrain/model data.train=data/frontdesk/pairs.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "orpo.beta", "parameters.lora.rank", "training.epochs", "training.batchSize",
                "training.microBatchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "ORPO",
            ReportLead =
                "The model was fine-tuned on the chosen responses of comparisons, with a penalty on the odds of the rejected responses.",
            Metrics =
            [
                new("loss", "ORPO loss", "",
                    "The negative log-likelihood of the chosen texts, less β times the log of the odds ratio. Healthy: both curves fall. "
                        + "When the held-out curve rises again, the model overfits."),
                NllLoss("chosen"),
                new("log_odds_ratio", "Log of σ(odds ratio)", "nats",
                    "log σ of the difference in log-odds, 0 at best and −0.69 for equal odds. Healthy: it rises.")
                {
                    Place = ChartPlace.Folded,
                },
                new("log_odds_chosen", "Difference of log-odds", "nats",
                    "The log-odds of chosen responses less those of rejected ones. Healthy: above 0 and growing.")
                {
                    Place = ChartPlace.Folded,
                },
                LogprobOfChosen("nats a token"), LogprobOfRejected("nats a token"),
            ],
        },
        new("tpo")
        {
            NewRecipe = () => new TpoRecipe(),
            Reads = DataUse.Triples,
            Summary = "Fine-tune on comparisons and a gold response",
            Example = "attune tpo model=runs/quickstart/2-sft/model data.train=data/frontdesk/triples.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "tpo.loss", "tpo.beta", "tpo.tpoAlpha", "parameters.lora.rank", "training.epochs",
                "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "TPO",
            ReportLead =
                "The model was trained on comparisons to make chosen responses more likely than rejected ones, and "
                + "fine-tuned on gold responses.",
            Metrics =
            [
                new("loss", "TPO loss", "",
                    "The loss of pairs, plus the negative log-likelihood of the gold responses with its weight. Healthy: both curves fall. "
                        + "When the held-out curve rises again, the model overfits."),
                NllLoss("gold"), LogprobOfChosen(""), LogprobOfRejected(""),
            ],
        },
        new("kto")
        {
            NewRecipe = () => new KtoRecipe(),
            Reads = DataUse.Labels,
            Summary = "Fine-tune on responses that are labelled good or bad",
            Example = "attune kto model=runs/quickstart/2-sft/model data.train=data/frontdesk/labels.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "kto.beta", "kto.desirableWeight", "kto.undesirableWeight", "training.epochs",
                "training.batchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "KTO",
            ReportLead = "The model was trained on labels to make good responses more likely and bad ones less likely.",
            Metrics =
            [
                new("loss", "KTO loss", "",
                    "The mean of the weight times 1 − σ of how far a reward is on the right side; half the mean weight before training. "
                        + "Healthy: both curves fall. When the held-out curve rises again, the model overfits."),
                Labelled,
                new("kl", "KL of mismatched pairs", "nats",
                    "The baseline that rewards are compared with: the mean log-ratio of prompts with other prompts' responses, at least 0. "
                        + "Healthy: it stays small."),
            ],
        },
        new("bco")
        {
            NewRecipe = () => new BcoRecipe(),
            Reads = DataUse.Labels,
            Summary = "Fine-tune on labelled responses, as a classifier of them",
            Example = "attune bco model=runs/quickstart/2-sft/model data.train=data/frontdesk/labels.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "bco.beta", "bco.matchPrompts", "training.epochs", "training.batchSize",
                "training.microBatchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "BCO",
            ReportLead = "The model was trained on labels as a classifier whose logit is the reward of a response.",
            Metrics =
            [
                new("loss", "BCO loss", "nats",
                    "−log of the probability that the implicit reward gives to the label; 0.69 is guessing. Healthy: both curves fall. "
                        + "When the held-out curve rises again, the model overfits."),
                Labelled,
                new("delta", "Mean reward", "",
                    "δ, the mean of all rewards so far, which rewards are compared with. It follows the rewards slowly."),
            ],
        },
        new("ilql")
        {
            NewRecipe = () => new IlqlRecipe(),
            Reads = DataUse.Rewards,
            Summary = "Learn from responses with rewards, without sampling",
            Example = "attune ilql model=runs/quickstart/2-sft/model data.train=data/frontdesk/rankings.jsonl",
            MainKeys =
            [
                "model", "data.train", "data.heldOut", "ilql.tau", "ilql.alpha", "ilql.advantageBeta", "responses.prompts",
                "training.epochs", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "ILQL",
            ReportLead =
                "The model learned the values of tokens from responses with rewards; it makes tokens of high value more likely when it "
                + "generates.",
            Metrics =
            [
                new("loss", "Loss", "",
                    "The sum of the losses of Q, value, CQL and AWAC with their weights. Healthy: both curves fall. When the held-out "
                        + "curve rises again, the model overfits."),
                new("loss/q", "Q loss", "reward²",
                    "The squared error of the Q values against reward and next value, added up over the Q heads. Healthy: it falls."),
                new("loss/value", "Value loss", "reward²", "The expectile loss of the values. Healthy: it falls, then stays.")
                {
                    Place = ChartPlace.Folded,
                },
                new("loss/cql", "CQL loss", "nats a token",
                    "The cross-entropy of the response tokens under softmax(Q), added up over the Q heads. Healthy: it falls.")
                {
                    Place = ChartPlace.Folded,
                },
                new("loss/awac", "AWAC loss", "nats a token",
                    "The cross-entropy of the response tokens under the policy, weighted. Healthy: it falls, then stays."),
                new("values/mean", "Values and Q values of response tokens", "reward",
                    "Healthy: the values are a little above the Q values for τ above 0.5, and both stay within the rewards of the data.")
                {
                    Place = ChartPlace.Folded,
                    Series = "V",
                },
                new("qvalues/0/mean", "Q values, first head", "reward", "Q of the first head at the response tokens.")
                {
                    DrawnWith = "values/mean",
                    Series = "Q, first head",
                },
                new("qvalues/1/mean", "Q values, second head", "reward", "Q of the second head at the response tokens.")
                {
                    DrawnWith = "values/mean",
                    Series = "Q, second head",
                },
                new("awac_weight/mean", "Weight of AWAC", "",
                    "The mean of exp(β (Q − V)); 1 where β is 0. It is not clipped. Healthy: near 1; above 10 a few tokens count only.")
                {
                    Place = ChartPlace.Folded,
                },
            ],
        },
        new("gkd")
        {
            NewRecipe = () => new GkdRecipe(),
            Reads = DataUse.Demonstrations,
            Summary = "Distil a teacher into a smaller model",
            Example =
                "attune gkd model=runs/quickstart/1-pretrain/model teacher=runs/quickstart/2-sft/model "
                + "data.train=data/frontdesk/demonstrations.jsonl",
            MainKeys =
            [
                "model", "teacher", "data.train", "gkd.beta", "gkd.lambda", "sampling.maxNewTokens", "training.epochs",
                "training.batchSize", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "GKD",
            ReportLead =
                "The model learned the teacher's distribution of each next token, on responses of the data and on responses of its own.",
            Metrics =
            [
                new("loss", "Divergence from the teacher", "nats a token",
                    "The generalised Jensen–Shannon divergence of the two models' distributions. Healthy: both curves fall; steps on the "
                        + "model's own responses and on those of the data have different levels."),
                new("gkd/on_policy", "Steps on the model's own responses", "%",
                    "Whether a step learned from responses that the model sampled; the mean is gkd.lambda.") { Place = ChartPlace.Folded },
                .. OfTeachers,
            ],
        },
        new("ppo")
        {
            NewRecipe = () => new PpoRecipe(),
            Reads = DataUse.Prompts,
            Summary = "Maximise a reward with PPO",
            Example =
                "attune ppo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
                + "data.train=data/frontdesk/prompts.jsonl",
            MainKeys =
            [
                "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.epochs", "sampling.maxNewTokens",
                "kl.coef", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "PPO",
            ReportLead =
                "The policy sampled responses to prompts, and those that scored above the critic's estimate were made more likely, with a "
                + "penalty on the KL from the reference.",
            Metrics =
            [
                new("loss", "Total loss", "",
                    "What the optimizer minimises: the policy loss, plus the value loss with its weight. It has no target level.")
                {
                    Place = ChartPlace.Folded,
                },
            ],
        },
        new("grpo")
        {
            NewRecipe = () => new GrpoRecipe(),
            Reads = DataUse.Prompts,
            Summary = "Maximise a reward with GRPO, which needs no critic",
            Example =
                "attune grpo model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
                + "data.train=data/frontdesk/prompts.jsonl",
            MainKeys =
            [
                "model", "rewardModel", "data.train", "training.steps", "training.batchSize", "updates.samplesPerPrompt",
                "sampling.maxNewTokens", "kl.coef", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "GRPO",
            ReportLead =
                "The policy sampled several responses to each prompt, and those that scored above the others were made more likely.",
            Metrics =
            [
                new("loss", "Loss", "",
                    "The policy loss, and the KL where it is penalised. It is near 0 by construction and has no target level.")
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
        new("rft")
        {
            NewRecipe = () => new RftRecipe(),
            Reads = DataUse.Prompts,
            Summary = "Fine-tune on the best of the model's own responses (RFT, best-of-n distillation)",
            Example =
                "attune rft model=runs/quickstart/2-sft/model rewardModel=runs/quickstart/4-reward/model "
                + "data.train=data/frontdesk/prompts.jsonl rft.promptsPerRound=64",
            MainKeys =
            [
                "model", "rewardModel", "data.train", "training.steps", "rft.selection", "rft.samplesPerPrompt", "rft.promptsPerRound",
                "rft.improveSteps", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "Rejection-sampling fine-tuning",
            ReportLead =
                "In each round the policy sampled several responses to each prompt, and was fine-tuned on those with the highest rewards.",
            Metrics =
            [
                new("objective/scores", "Score", "points",
                    "The mean score of all responses that a round sampled. Healthy: it rises from round to round and then levels off."),
                new("rft/selected_scores", "Score of selected responses", "points",
                    "The mean score of the responses that are trained on. Healthy: above the mean of all responses; without a difference, "
                        + "nothing better is learned.")
                {
                    DrawnWith = "objective/scores", Series = "selected",
                },
                new("loss", "Loss", "nats a token",
                    "The cross-entropy of selected responses. Healthy: it falls within a round. Near 0 the policy gives the same responses "
                        + "again and again."),
                new("rft/selected", "Selected responses", "responses",
                    "Distinct responses that an improvement step trains on. Healthy: it falls within a round, as the threshold rises.")
                {
                    Place = ChartPlace.Folded,
                },
                new("rft/selected_share", "Share of selected responses", "%",
                    "Selected responses, as a share of those that were sampled. Healthy: below 1 − the quantile, since duplicates are "
                        + "dropped; far below it, the responses are alike.")
                {
                    Place = ChartPlace.Folded,
                },
                new("rft/prompts", "Prompts with a selected response", "%",
                    "The share of prompts from which a response is trained on. Healthy: near 100 %; where rewards are 0 or 1, the share of "
                        + "prompts that the policy solves.")
                {
                    Place = ChartPlace.Folded,
                },
                new("rft/threshold", "Threshold", "points",
                    "The mean over prompts of the lowest reward that is selected. Healthy: it rises within a round and over the rounds.")
                {
                    Place = ChartPlace.Folded,
                },
                new("rft/round", "Round", "", "The number of the round.") { Place = ChartPlace.None },
            ],
        },
        new("minillm")
        {
            NewRecipe = () => new MiniLlmRecipe(),
            Reads = DataUse.Prompts,
            Summary = "Distil a teacher by policy gradient",
            Example =
                "attune minillm model=runs/quickstart/1-pretrain/model teacher=runs/quickstart/2-sft/model "
                + "data.train=data/frontdesk/prompts.jsonl",
            MainKeys =
            [
                "model", "teacher", "data.train", "training.steps", "training.batchSize", "minillm.gamma", "sampling.maxNewTokens",
                "rewards", "optimizer.learningRate", "run.output",
            ],
            ReportTitle = "MiniLLM",
            ReportLead =
                "The policy sampled responses to prompts, and tokens that the teacher finds more likely than the policy were made more "
                + "likely.",
            Metrics =
            [
                new("objective/scores", "Score", "points", "The mean score of the responses; 0 without rewards.")
                {
                    Place = ChartPlace.Folded,
                },
                new("loss", "Loss", "", "The policy loss, and the reverse KL with minillm.singleStepDecomposition. It falls with the KL.")
                {
                    Place = ChartPlace.Folded,
                },
                .. OfTeachers,
            ],
        },
    ];

    static Metric NllLoss(string responses) => new("nll_loss", "Negative log-likelihood", "nats a token",
        $"The negative log-likelihood of the {responses} responses. Healthy: it falls, or stays where the model was fine-tuned on them.");

    static Metric LogprobOfChosen(string unit) => new("logps/chosen", "Log-probabilities of responses", unit,
        "The log-probability of chosen and of rejected responses. Healthy: that of chosen ones does not fall far.") { Series = "chosen" };

    static Metric LogprobOfRejected(string unit) =>
        new("logps/rejected", "Log-probability of rejected responses", unit, "The log-probability of rejected responses.")
        {
            DrawnWith = "logps/chosen",
            Series = "rejected",
        };

    static Metric Labelled => new("rewards/accuracies", "Accuracy on labels", "%",
        "How often a good response is above the baseline and a bad one below; 50 % is guessing. Healthy: the held-out curve rises too.");

    /// <summary>The names of the methods that learn from a kind of examples.</summary>
    public static IReadOnlyList<string> ThatRead(DataUse use) =>
        [.. All.Where(method => method.Reads == use).Select(method => method.Name)];

    public static string Names => string.Join(", ", All.Select(method => method.Name));

    public static TrainingMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);

    /// <summary>The method that a recipe is for.</summary>
    /// <exception cref="ArgumentException">No method has recipes of this type.</exception>
    public static TrainingMethod For(IRecipe recipe) => All.FirstOrDefault(method => method.NewRecipe().GetType() == recipe.GetType())
        ?? throw new ArgumentException($"no training method has the recipe {recipe.GetType().Name}; known are {Names}", nameof(recipe));
}
