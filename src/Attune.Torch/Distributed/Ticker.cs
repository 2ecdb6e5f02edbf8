namespace Attune.Torch.Distributed;

/// <summary>Calls an action every second, on a thread of its own.</summary>
sealed class Ticker : IDisposable
{
    const int Interval = 1000;

    /// <summary>A tick that is this late means that this process itself was stopped, with its whole machine or terminal.</summary>
    const int Late = 5000;

    readonly ManualResetEventSlim stop = new();

    /// <param name="name">The thread's name.</param>
    /// <param name="tick">The action; its argument is whether this process was stopped since the last call.</param>
    public Ticker(string name, Action<bool> tick)
    {
        new Thread(() =>
        {
            var last = Environment.TickCount64;
            while (!stop.Wait(Interval))
            {
                var now = Environment.TickCount64;
                tick(now - last > Late);
                last = now;
            }
        }) { IsBackground = true, Name = name }.Start();
    }

    public void Dispose() => stop.Set();
}
