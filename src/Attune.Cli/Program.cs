using System.CommandLine;
using System.Globalization;
using Attune.Cli;
using Attune.Cli.Commands;
using Attune.Quickstart;
using Attune.Torch;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

// The process must not end while libtorch is being loaded.
var libtorch = args is ["score" or "generate", _, ..] && !args.Contains("--help") ? TorchLibrary.LoadInBackground() : Task.CompletedTask;

RewardSources.Register(new GuestReward());

var root = new RootCommand("Attune: reinforcement learning from human feedback (RLHF) for language models.")
{
    QuickstartCommand.Create(),
    TrainCommand.Create(),
    StudioCommand.Create(),
    FeedbackCommand.Create(),
    StudyCommand.Create(),
    RunsCommand.Create(),
    GenerateCommand.Create(),
    ChatCommand.Create(),
    ServeCommand.Create(),
    ScoreCommand.Create(),
    EvaluateCommand.Create(),
    ModelsCommand.Create(),
    ExportCommand.Create(),
    DataCommand.Create(),
    RecipeCommand.Create(),
    BenchCommand.Create(),
    LaunchCommand.Create(),
    DoctorCommand.Create(),
};

foreach (var (index, method) in MethodCatalog.All.Index())
    root.Subcommands.Insert(1 + index, MethodCommand.Create(method));
root.Subcommands.Add(HelpCommand.Create(root));
CommandHelp.Use(root);
var code = CommandLine.Run(root, args);
libtorch.Wait();
return code;
