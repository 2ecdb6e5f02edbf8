using System.CommandLine;
using Attune.Cli.Launch;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary><c>attune launch --processes N -- COMMAND</c>: a training command in several processes.</summary>
static class LaunchCommand
{
    public static Command Create()
    {
        var processes = Number("--processes", "Processes on this machine", 2);
        var machines = Number("--machines", "Machines; start the same command on each of them", 1);
        var machine = Number("--machine", "The number of this machine, from 0", 0);
        var address = new Option<string>("--master-address")
        {
            HelpName = "HOST", Description = "Machine 0, as the others reach it (with several machines)", DefaultValueFactory = _ => "",
        };
        var port = Number("--master-port", "A free port of machine 0; 0: a free one, or 29500 with several machines", 0);
        var timeout = Number("--rank-timeout", "Seconds that a process waits for another before the job fails", 600);
        var words = new Argument<string[]>("command")
        {
            HelpName = "COMMAND ...",
            Description = "A training command with its arguments, or `doctor --ranks`",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("launch", "Train in several processes, on one machine or on several")
        {
            words, processes, machines, machine, address, port, timeout,
        };
        command.SetAction(parsed => Launch(
            new(
                parsed.GetValue(processes), parsed.GetValue(machines), parsed.GetValue(machine), parsed.GetValue(address)!,
                parsed.GetValue(port), parsed.GetValue(timeout)),
            parsed.GetValue(words)!));
        return CommandHelp.WithExample(command, "attune launch --processes 2 -- sft recipes/sft.yaml run.output=runs/sft-ranks");
    }

    static int Launch(LaunchOptions options, string[] command)
    {
        if (command[0] is not ("train" or "doctor") && MethodCatalog.Find(command[0]) is null)
            throw new InvalidDataException(
                $"Several processes can run a training command or `doctor --ranks` (was '{command[0]}'), for example\n"
                + "  attune launch --processes 2 -- sft recipe.yaml");
        using var launcher = new Launcher(options.Checked(), command);
        return launcher.Wait();
    }

    static Option<int> Number(string name, string description, int value) =>
        new(name) { HelpName = "N", Description = description, DefaultValueFactory = _ => value };
}
