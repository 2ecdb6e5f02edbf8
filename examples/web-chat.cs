#:sdk Microsoft.NET.Sdk.Web
#:project ../src/Attune/Attune.csproj
// A web application with a chat model and a reward model as services. It streams a response, and scores it.
//   dotnet run examples/web-chat.cs -- MODEL REWARD-MODEL [--urls http://127.0.0.1:5000]
//   curl -N 'http://127.0.0.1:5000/ask?question=Where+is+the+pool%3F'
using Attune;
using Microsoft.Extensions.AI;

const string Template = "{% for m in messages %}Guest: {{ m.content }}\n{% endfor %}Desk:";
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services
    .AddAttuneChatClient(args[0], new() { ChatTemplate = Template })
    .AddAttuneScoreModel(args[1]);
var app = builder.Build();

app.MapGet("/ask", async (string question, IChatClient chat, ScoreModel reward, HttpContext context) =>
{
    var text = "";
    var options = new ChatOptions { MaxOutputTokens = 64, StopSequences = ["\n"] };
    await foreach (var update in chat.GetStreamingResponseAsync(question, options, context.RequestAborted))
    {
        text += update.Text;
        await context.Response.WriteAsync(update.Text);
        await context.Response.Body.FlushAsync();
    }
    var scores = await reward.ScoreAsync([($"Guest: {question}\nDesk:", text)], context.RequestAborted);
    await context.Response.WriteAsync($"\nscore {scores[0]:F2}\n");
});

app.Run();
