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
  static Svd of(Tensor matrix) {
    T_TensorTensorTensor_T parts = torch.linalg_svd(matrix, false, null);
    return new Svd(parts.get0(), parts.get1(), parts.get2());
  }

  /** Its largest parts. */
  Svd top(long rank) {
    return new Svd(u.narrow(1, 0, rank), s.narrow(0, 0, rank), vt.narrow(0, 0, rank));
  }
}
