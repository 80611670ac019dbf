/**
 * How bytes reach the disk and come back. Safetensors files, files that appear whole or not at all,
 * and downloads that resume and are checked. Nothing here knows what a network or an adapter is:
 * what enters is a format, or a way of moving bytes.
 */
@NullMarked
package dev.lora4j.io;

import org.jspecify.annotations.NullMarked;
