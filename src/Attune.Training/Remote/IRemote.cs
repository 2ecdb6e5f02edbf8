namespace Attune.Training.Remote;

/// <summary>The other program: takes a request and returns an answer.</summary>
interface IRemote : IDisposable
{
    /// <summary>The largest size of an answer in bytes, far more than a batch needs.</summary>
    const int MaxAnswerBytes = 64 * 1024 * 1024;

    /// <summary>The answer to a request of one line.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="IOException">No answer came; a retry may help.</exception>
    /// <exception cref="InvalidDataException">The request failed; a retry will not help.</exception>
    byte[] Send(byte[] request, TimeSpan timeout, CancellationToken cancellation);
}
