package dev.lora4j.lora;

import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A singular value decomposition {@code M = U diag(s) Vᵀ}.
 *
 * @param u {@code [rows, k]}
 * @param s {@code [k]}, falling
 * @param vt {@code [k, columns]}
 */
record Svd(Tensor u, Tensor s, Tensor vt) {
  private static final long OVERSAMPLING = 8;

  static Svd exact(Tensor matrix) {
    T_TensorTensorTensor_T parts = torch.linalg_svd(matrix, false, null);
    return new Svd(parts.get0(), parts.get1(), parts.get2());
  }

  /**
   * About the largest {@code rank} parts, by random projection and power iteration (Halko et al.
   * 2011, <a href="https://arxiv.org/abs/0909.4061">arXiv:0909.4061</a>, algorithms 4.4 and 5.1).
   */
  static Svd randomized(Tensor matrix, long rank, int iterations) {
    long columns = matrix.size(1);
    long width = Math.min(rank + OVERSAMPLING, Math.min(matrix.size(0), columns));
    Tensor basis = orthonormal(matrix.mm(torch.randn(columns, width)));
    for (int i = 0; i < iterations; i++) {
      basis = orthonormal(matrix.mm(orthonormal(matrix.t().mm(basis))));
    }
    Svd small = exact(basis.t().mm(matrix));
    return new Svd(basis.mm(small.u), small.s, small.vt);
  }

  private static Tensor orthonormal(Tensor columns) {
    return torch.linalg_qr(columns).get0();
  }

  /** Its largest parts. */
  Svd top(long rank) {
    return new Svd(u.narrow(1, 0, rank), s.narrow(0, 0, rank), vt.narrow(0, 0, rank));
  }
}
