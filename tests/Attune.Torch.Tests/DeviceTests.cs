using Attune.Torch.Interop;

namespace Attune.Torch.Tests;

public sealed class DeviceTests
{
    [Theory]
    [InlineData("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16\n", true)]
    [InlineData("processor\t: 0\nflags\t\t: fpu avx2 avx512f\n", false)]
    [InlineData("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd svebf16 i8mm bf16\nCPU implementer\t: 0x41\n", true)]
    [InlineData("processor\t: 0\nFeatures\t: fp asimd svebf16\n", false)]
    [InlineData("model name\t: bf16\n", false)]
    [InlineData("", false)]
    public void BFloat16_FlagsOfProcessor_AreRead(string cpuinfo, bool found) =>
        Assert.Equal(found, Native.attune_lists_bfloat16(cpuinfo) != 0);
}
