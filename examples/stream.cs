#:project ../src/Attune/Attune.csproj
// Writes a response as the model samples it.
//   dotnet run examples/stream.cs -- [MODEL] [PROMPT]
using Attune;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

using var model = ChatModel.Load(Argument(0, "runs/quickstart/2-sft/model"));
var prompt = Argument(1, "Guest: Where is the pool?\nDesk:");

Console.Write(prompt);
await foreach (var piece in model.GenerateAsync(prompt, new() { MaxNewTokens = 48, Temperature = 0.7 }))
    Console.Write(piece);
Console.WriteLine();
