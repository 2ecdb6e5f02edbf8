using System.CommandLine;
using Attune.Hub;

namespace Attune.Cli.Commands;

/// <summary><c>attune data</c>: downloads, shows and converts data, and removes tokenized data.</summary>
static class DataCommand
{
    public static Command Create() => CommandHelp.WithExample(
        new Command("data", "Get data from the Hugging Face Hub, show it as a model reads it, or convert it")
        {
            GetCommand.Create(HubKind.Dataset), DataInspectCommand.Create(), DataConvertCommand.Create(),
            DataCacheCommand.Create(),
        },
        DataInspectCommand.Example);
}
