/**
 * LoRA itself (Hu et al. 2021, <a href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>):
 * which modules are adapted and how, the adapted layers, the adapted model with its named adapters,
 * and adapters on disk in PEFT's format. What enters here changes what is computed or saved for an
 * adapter; how it is trained is not known here.
 */
@NullMarked
package dev.lora4j.lora;

import org.jspecify.annotations.NullMarked;
