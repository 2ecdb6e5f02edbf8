using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    /// <summary>The same elements in another shape; one length may be −1.</summary>
    public Tensor Reshape(params long[] shape) => Aten.Reshape.Call(this, shape);

    public Tensor Transpose(int a, int b) => Aten.Transpose.Call(this, a, b);

    public Tensor Permute(params long[] dimensions) => Aten.Permute.Call(this, dimensions);

    /// <summary>Adds a dimension of length 1.</summary>
    public Tensor Unsqueeze(int dimension) => Aten.Unsqueeze.Call(this, dimension);

    /// <summary>Removes a dimension of length 1.</summary>
    public Tensor Squeeze(int dimension) => Aten.Squeeze.Call(this, dimension);

    /// <summary>Repeats dimensions of length 1 without a copy; −1 keeps a length.</summary>
    public Tensor Expand(params long[] shape) => Aten.Expand.Call(this, shape);

    /// <summary>A view of start … end − 1 along a dimension; negative numbers count from the end.</summary>
    public Tensor Slice(int dimension, long start, long end = long.MaxValue) => Aten.Slice.Call(this, dimension, start, end);

    /// <summary>A view at one index of a dimension, which is removed.</summary>
    public Tensor Select(int dimension, long index) => Aten.Select.Call(this, dimension, index);

    /// <summary>Views of consecutive parts of these lengths.</summary>
    public Tensor[] Split(int dimension, params long[] lengths) => Aten.Split.CallList(this, lengths, dimension);

    public static Tensor Concatenate(int dimension, params Tensor[] tensors) => Aten.Concatenate.Call(tensors, dimension);

    public static Tensor Stack(int dimension, params Tensor[] tensors) => Aten.Stack.Call(tensors, dimension);

    /// <summary>Gathers elements by index along a dimension; the result has the shape of the indices.</summary>
    public Tensor Gather(int dimension, Tensor indices) => Aten.Gather.Call(this, dimension, indices);

    /// <summary>Selects slices by index (N) along a dimension.</summary>
    public Tensor IndexSelect(int dimension, Tensor indices) => Aten.IndexSelect.Call(this, dimension, indices);

    /// <summary>Elements at these positions (one index tensor for each leading dimension), or where one boolean mask is true.</summary>
    public Tensor Index(params Tensor[] indices) => Aten.Index.Call(this, Argument.OptionalTensors(indices));

    /// <summary>A copy with these values (N) at N positions, one index tensor for each dimension.</summary>
    public Tensor IndexPut(Tensor values, params Tensor[] indices) => Aten.IndexPut.Call(this, Argument.OptionalTensors(indices), values);

    /// <summary>The lower triangle, up to <paramref name="diagonal"/> above the main diagonal; zero elsewhere.</summary>
    public Tensor Tril(long diagonal = 0) => Aten.Triangle.Call(this, diagonal);

    /// <summary>Repeats each slice along a dimension this many times, one after the other.</summary>
    public Tensor RepeatInterleave(long times, int dimension) => Aten.RepeatInterleave.Call(this, times, dimension);

    public Tensor Contiguous() => Aten.Contiguous.Call(this);

    public Tensor Clone() => Aten.Clone.Call(this);

    /// <summary>A tensor on the same memory that is not part of the autograd graph.</summary>
    public Tensor Detach() => Aten.Detach.Call(this);

    /// <summary>Converts the elements to a type; returns this tensor if it has that type.</summary>
    public Tensor To(DType dtype) => DType == dtype ? this : Aten.ToDType.Call(this, dtype);

    /// <summary>Copies the elements to a device; returns this tensor if it is there.</summary>
    public Tensor To(Device device) =>
        Device == device ? this : Aten.ToDevice.Call(this, Argument.None, Argument.None, device);

    /// <summary>Overwrites the elements; converts type and device.</summary>
    public Tensor CopyInPlace(Tensor source) => Aten.CopyInPlace.CallInPlace(this, source);
}
