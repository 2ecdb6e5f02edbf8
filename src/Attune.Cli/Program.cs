using System.CommandLine;
using System.Globalization;
using Attune.Cli;
using Attune.Cli.Commands;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var root = new RootCommand("Attune: reinforcement learning from human feedback. A language model becomes one that people prefer.")
{
    QuickstartCommand.Create(),
    MethodCommand.Create("pretrain", "Train a language model on documents", "attune pretrain data.train=books/ newModel.layers=6"),
    MethodCommand.Create("sft", "Fine-tune on answers that people wrote", "attune sft model=runs/pretrain/model data.train=answers.jsonl"),
    MethodCommand.Create("reward", "Learn a score from people's rankings", "attune reward model=runs/sft/model data.train=rankings.jsonl"),
    MethodCommand.Create("dpo", "Tune a model on comparisons, without a reward model", "attune dpo model=runs/sft/model data.train=pairs.jsonl"),
    MethodCommand.Create("ppo", "Tune a model towards a higher score", "attune ppo model=runs/sft/model rewardModel=runs/reward/model data.train=prompts.jsonl"),
    MethodCommand.Create("grpo", "Tune a model towards a higher score by comparing its responses with each other", "attune grpo model=runs/sft/model rewardModel=runs/reward/model data.train=prompts.jsonl"),
    TrainCommand.Create(),
    StudioCommand.Create(),
    FeedbackCommand.Create(),
    StudyCommand.Create(),
    GenerateCommand.Create(),
    ScoreCommand.Create(),
    EvaluateCommand.Create(),
    ModelsCommand.Create(),
    DataCommand.Create(),
    RecipeCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};

CommandHelp.Use(root);
return CommandLine.Run(root, args);
