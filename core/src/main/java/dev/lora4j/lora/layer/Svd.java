package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.io.FiniteValues;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A singular value decomposition {@code M = U diag(s) Vᵀ}.
 *
 * @param u {@code [rows, k]}
 * @param s {@code [k]}, in descending order
 * @param vt {@code [k, columns]}
 */
public record Svd(Tensor u, Tensor s, Tensor vt) {
  /**
   * Computes the exact decomposition.
   *
   * @throws UserError if the matrix holds NaN or infinity
   */
  public static Svd of(Tensor matrix) {
    if (!FiniteValues.areIn(matrix)) {
      throw new UserError(
          "a matrix to be decomposed by SVD holds NaN or values too large for float32; give smaller"
              + " weights, or check the base and the adapters with lora doctor");
    }
    T_TensorTensorTensor_T parts = torch.linalg_svd(matrix, false, null);
    return new Svd(parts.get0(), parts.get1(), parts.get2());
  }

  /**
   * Approximates the largest singular values, of a rank up to the smaller side, from a random start
   * by subspace iterations (Halko et al. 2009, arXiv:0909.4061, algorithms 4.4 and 5.1), with the
   * steps and random numbers of PyTorch's {@code svd_lowrank}.
   */
  public static Svd nearly(Tensor matrix, long rank, int iterations, GeneratorOptional random) {
    if (matrix.size(0) < matrix.size(1)) {
      Svd transposed = nearly(matrix.t(), rank, iterations, random);
      return new Svd(transposed.vt.t(), transposed.s, transposed.u.t());
    }
    Tensor start = torch.randn(new long[] {matrix.size(1), rank}, random, matrix.options());
    Tensor basis = orthonormal(matrix.mm(start)); // [rows, rank]
    for (int i = 0; i < iterations; i++) {
      basis = orthonormal(matrix.mm(orthonormal(matrix.t().mm(basis))));
    }
    Svd small = of(basis.t().mm(matrix));
    return new Svd(basis.mm(small.u), small.s, small.vt);
  }

  private static Tensor orthonormal(Tensor columns) {
    return torch.linalg_qr(columns).get0();
  }

  /** Returns the largest singular values and their vectors. */
  public Svd top(long rank) {
    return new Svd(u.narrow(1, 0, rank), s.narrow(0, 0, rank), vt.narrow(0, 0, rank));
  }
}
