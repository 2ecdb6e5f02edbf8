#:project ../src/Attune/Attune.csproj
// A custom training loop built from the library's parts: REINFORCE with a KL penalty. Run it again with the same folder to resume it.
//   dotnet run examples/custom-loop.cs -- [MODEL] [PROMPTS] [RUN-FOLDER] [STEPS]
using Attune;
using Attune.Data;
using Attune.Torch;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;

string Argument(int index, string otherwise) => args.Length > index ? args[index] : otherwise;

const double Beta = 0.05;
var (folder, steps) = (Argument(0, "runs/quickstart/2-sft/model"), int.Parse(Argument(3, "20")));
using var run = new Run(new() { Output = Argument(2, "runs/examples/custom-loop"), Seed = 1 });
var tokenizer = ModelFolder.LoadTokenizer(folder);
var model = ModelFolder.LoadLanguageModel(folder, run);
var trained = TrainedParameters.Select(model, new(), run.Seed);
var policy = new Policy(model, tokenizer, new() { MaxNewTokens = 32 });
var reference = new Reference(policy, trained);
using var rewards = RewardSources.Create([Reward.From((prompt, response) => -Math.Abs(response.Split(' ').Length - 12))], policy);
var prompts = policy.EncodePrompts(Dataset.Read(Argument(1, "data/frontdesk/prompts.jsonl")));
var optimizer = new ScheduledOptimizer(trained.Named, new() { LearningRate = 1e-4 }, steps);
var order = new BatchOrder(prompts.Count, batchSize: 16, run.Seed);
run.Register("policy", new ModelState(trained.Named));                              // what checkpoints hold
run.Register("optimizer", optimizer.Optimizer);

foreach (var step in run.Steps(steps))                                              // resumes, logs, saves, and frees the step's tensors
{
    TokenPrompt[] batch = [.. order.Batch(step.Index).Select(index => prompts[index])];
    var rollouts = policy.Respond(batch, run.Random);                               // B responses of at most T tokens
    var scores = rewards.Score(rollouts).Totals;                                    // B
    var kl = (rollouts.Logprobs - reference.Logprobs(rollouts)).MaskedFill(!rollouts.Mask, 0).Sum(1).ToArray<float>();
    var returns = scores.Zip(kl, (score, nats) => (float)(score - Beta * nats)).ToArray();
    var advantages = Tensor.From(Array.ConvertAll(returns, value => value - returns.Average()), batch.Length).To(run.Device);

    optimizer.Optimizer.ClearGradients();
    var loss = -(policy.SequenceLogprobs(rollouts) * advantages).Mean();
    loss.Backward();
    optimizer.Apply(step, loss.Item(), () => batch[0].Text);
    step.Log("objective/scores", scores.Average());
    step.Log("objective/kl", kl.Average());
    Console.WriteLine($"{step.Number}: score {scores.Average():F2}, KL {kl.Average():F2} nats");
}
run.Complete(output => ModelFolder.Save(output, model, tokenizer));
Console.WriteLine($"the model is in {run.Folder.Model}");
