"""What each parameter of each primitive of JAX is: the table by which `structure` leaves sizes out.

Source: the parameters with which JAX 0.10.2 and 0.12 bind their primitives, read from the sources of JAX, and those
of the equations that programs trace to. tests/lowering/test_parameters.py reads them again and fails by name on one
that does not stand here. Not here are primitives of kernels for one accelerator and of transfers between hosts.

Of what does not stand here, only what can hold no size counts: see `Role.MIXED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple


class Role(Enum):
    """What a parameter is to the two fingerprints. All but NAME count in `id`."""

    MEANING = auto()
    """Which axis, mode or variant, or an inner program: counts in `structure`."""
    SIZE = auto()
    """A size, an offset or a constant: does not count in `structure`."""
    OPTION = auto()
    """A size that is seldom given: whether it is given counts in `structure`, not what it is. See `DEFAULTS`."""
    PLACEMENT = auto()
    """Where values lie, on which devices and how: counts in `structure`; long, and nearly always the default."""
    NAME = auto()
    """What a function is called, which is nothing of the program: counts in neither fingerprint."""
    MIXED = auto()
    """What may hold sizes among other things. In `structure` count inner programs, booleans, None, members of
    enumerations and tuples of them; of anything else its type."""


class Roles(NamedTuple):
    """The parameters of a primitive by role; names with a space between them."""

    meaning: str = ""
    sizes: str = ""
    options: str = ""
    placements: str = ""
    names: str = ""
    mixed: str = ""


DEFAULTS: Mapping[str, str] = {"reduction_input_size_override": "-1", "subset_by_index": "None"}
"""How an OPTION reads that is not given."""

_UNKNOWN: Mapping[str, Role] = dict.fromkeys(("debug_info", "name", "name_and_src_info"), Role.NAME)
"""Names of functions where the primitive is not known, such as one of the caller's own."""

_BARE = """
    abs accum_grad_in_ref acos acosh add add_any after_all and asin asinh atan atan2 atanh bcsr_extract bessel_i0e
    bessel_i1e ceil cholesky cholesky_update clamp clz complex consume copy cosh create_token custom_jvp_call_jaxpr
    digamma div dynamic_update_slice eq eq_to erf erf_inv floor free_ref freeze ge geqrf gt hessenberg
    householder_product igamma igamma_grad_a igammac imag is_finite le le_to lgamma log_read lt lt_to lu max min
    mulhi ne neg new_log nextafter not one_minus_square optimization_barrier or philox2x32 philox4x32 polygamma
    polynomial population_count pow random_clone random_fold_in random_unwrap real regularized_incomplete_beta rem
    select_n shard_alike shift_left shift_right_arithmetic shift_right_logical sign sinh square stage stop_gradient
    sub threefry2x32 threefry4x32 tie unpin xor zeros_like zeta
"""
"""Primitives without parameters."""

_TABLE = {
    "addupdate get swap todense": Roles(meaning="tree"),
    "all_gather all_gather_done all_gather_start": Roles(
        meaning="all_gather_dimension axis_index_groups axis_name tiled", sizes="axis_size"
    ),
    "all_gather_invariant all_gather_reduced all_gather_reduced_start": Roles(
        meaning="all_gather_dimension axis_name tiled", sizes="axis_size"
    ),
    "all_to_all all_to_all_done all_to_all_start": Roles(
        meaning="axis_index_groups axis_name concat_axis split_axis tiled"
    ),
    "approx_top_k": Roles(
        meaning="aggregate_to_topk is_max_k recall_target reduction_dimension",
        sizes="k",
        options="reduction_input_size_override",
    ),
    "argmax argmin": Roles(meaning="axes index_dtype"),
    "assert_consumed_value": Roles(mixed="value"),
    "axis_index pbroadcast_dynamic": Roles(meaning="axis_name"),
    "bcoo_dot_general bcsr_dot_general": Roles(meaning="dimension_numbers preferred_element_type", sizes="lhs_spinfo"),
    "bcoo_dot_general_sampled": Roles(meaning="dimension_numbers"),
    "bcoo_extract": Roles(meaning="assume_unique"),
    "bcoo_fromdense bcsr_fromdense": Roles(meaning="index_dtype n_batch n_dense", sizes="nse"),
    "bcoo_sort_indices bcoo_todense bcsr_todense coo_todense": Roles(sizes="spinfo"),
    "bcoo_spdot_general": Roles(meaning="dimension_numbers preferred_element_type", sizes="lhs_spinfo rhs_spinfo"),
    "bcoo_sum_duplicates": Roles(sizes="nse spinfo"),
    "bcoo_transpose": Roles(meaning="permutation", sizes="spinfo"),
    "bitcast_convert_type": Roles(meaning="new_dtype"),
    "box_get": Roles(sizes="avals"),
    "box_set log_extend new_box": Roles(meaning="treedef"),
    "broadcast_in_dim": Roles(meaning="broadcast_dimensions", sizes="shape", placements="sharding"),
    "broadcast_to csr_todense iota_2x32_shape random_split rng_uniform": Roles(sizes="shape"),
    "buffer_callback": Roles(
        meaning="callback command_buffer_compatible has_side_effect in_tree input_output_aliases out_tree vmap_method",
        sizes="result_avals",
    ),
    "call closed_call": Roles(meaning="call_jaxpr subfuns"),
    "call_exported": Roles(mixed="exported"),
    "call_hi_primitive": Roles(mixed="_prim"),
    "call_hi_primitive_linearized": Roles(meaning="has_sres nz_in_flat nz_out_flat", mixed="_prim residuals_tree"),
    "cbrt cos erfc exp exp2 expm1 log log1p log2 logistic rsqrt sin sqrt tan tanh": Roles(meaning="accuracy"),
    "check": Roles(meaning="debug err_tree"),
    "composite": Roles(meaning="call_jaxpr jaxpr name version", mixed="attributes"),
    "compute_on": Roles(meaning="compiler_options_json compute_type jaxpr", placements="out_memory_spaces"),
    "concatenate dimension_size": Roles(meaning="dimension"),
    "cond": Roles(meaning="branches branches_platforms"),
    "conj": Roles(meaning="input_dtype"),
    "conv_general_dilated": Roles(
        meaning="dimension_numbers precision preferred_element_type",
        sizes="batch_group_count feature_group_count lhs_dilation padding rhs_dilation window_strides",
        placements="out_sharding",
    ),
    "convert_element_type": Roles(meaning="new_dtype", sizes="weak_type", placements="sharding"),
    "coo_fromdense csr_fromdense": Roles(meaning="index_dtype", sizes="nse"),
    "coo_matmat coo_matvec": Roles(meaning="transpose", sizes="spinfo"),
    "coo_spmm coo_spmv csr_matmat csr_matvec csr_spmm csr_spmv": Roles(meaning="transpose", sizes="shape"),
    "create_linear": Roles(sizes="ty", placements="memory_space"),
    "cumlogsumexp cummax cummin cumprod cumsum": Roles(meaning="axis reverse"),
    "custom_jvp_call": Roles(meaning="call_jaxpr jvp_jaxpr_fun num_consts subfuns symbolic_zeros"),
    "custom_lin": Roles(meaning="bwd in_zeros num_res symbolic_zeros", sizes="out_avals"),
    "custom_linear_solve": Roles(meaning="const_lengths jaxprs"),
    "custom_partitioning": Roles(
        meaning="call decode_shardings in_tree infer_sharding_from_operands out_tree partition propagate_user_sharding "
        "sharding_rule",
        mixed="static_args",
    ),
    "custom_vjp_call": Roles(meaning="bwd call_jaxpr fwd_jaxpr_thunk num_consts out_trees subfuns symbolic_zeros"),
    "custom_vmap_call": Roles(meaning="call in_tree out_tree rule"),
    "dce_sink": Roles(meaning="prevent_mlir_dce"),
    "debug_callback": Roles(meaning="callback partitioned", mixed="effect"),
    "debug_print": Roles(
        meaning="has_placeholders in_tree ordered partitioned", mixed="fmt logging_record np_printoptions static_args"
    ),
    "device_put": Roles(meaning="copy_semantics", placements="devices srcs"),
    "dim_as_value": Roles(sizes="dim"),
    "dot_general": Roles(meaning="dimension_numbers precision preferred_element_type", placements="out_sharding"),
    "dynamic_slice": Roles(sizes="slice_sizes"),
    "eig": Roles(meaning="compute_left_eigenvectors compute_right_eigenvectors enable_eigvec_derivs implementation"),
    "eigh": Roles(meaning="algorithm lower sort_eigenvalues", options="subset_by_index"),
    "empty": Roles(meaning="dtype", sizes="shape", placements="out_sharding"),
    "empty2": Roles(meaning="dtype", placements="memory_space"),
    "empty_ref": Roles(meaning="pin", sizes="ty", placements="memory_space"),
    "eval_jaxpr": Roles(meaning="call_jaxpr jaxpr"),
    "ffi_call": Roles(
        meaning="custom_call_api_version has_side_effect input_output_aliases vmap_method",
        sizes="result_avals",
        placements="input_layouts output_layouts",
        mixed="attributes legacy_backend_config target_name",
    ),
    "fft": Roles(meaning="fft_type", sizes="fft_lengths"),
    "from_edtype": Roles(meaning="dtype"),
    "fused_call": Roles(meaning="jaxpr", placements="out_spaces"),
    "gather": Roles(meaning="dimension_numbers fill_value indices_are_sorted mode unique_indices", sizes="slice_sizes"),
    "geqp3": Roles(meaning="use_magma"),
    "inspect_sharding": Roles(meaning="callback"),
    "integer_pow": Roles(sizes="y"),
    "io_callback": Roles(meaning="callback ordered", sizes="result_avals", placements="sharding"),
    "iota": Roles(meaning="dimension dtype", sizes="shape", placements="sharding"),
    "jit": Roles(
        meaning="compiler_options_kvs inline jaxpr keep_unused",
        placements="ctx_mesh donated_invars in_layouts in_shardings out_layouts out_shardings",
        names="name",
    ),
    "layout_constraint": Roles(placements="layout"),
    "linear_call": Roles(meaning="callee num_callee_consts num_res transpose_thunk"),
    "lu_pivots_to_permutation": Roles(sizes="permutation_size"),
    "mul": Roles(meaning="out_dtype"),
    "name": Roles(meaning="name"),
    "new_ref": Roles(meaning="kind pin", placements="memory_space"),
    "ormqr": Roles(meaning="left transpose"),
    "pad": Roles(sizes="padding_config"),
    "pbroadcast pbroadcast_done pbroadcast_start": Roles(meaning="axis_name source"),
    "pin": Roles(meaning="to"),
    "platform_index": Roles(meaning="platforms"),
    "pmax pmin psum psum_done psum_start": Roles(meaning="axes axis_index_groups"),
    "ppermute ppermute_done ppermute_start psend": Roles(meaning="axis_name perm"),
    "precv": Roles(meaning="axis_name perm", sizes="out_shape"),
    (
        "preduced psum_invariant psum_invariant_start pvary reduce_and reduce_or reduce_prod reduce_xor "
        "reduced_vary_cast reduced_vary_cast_p unreduced_pmax unreduced_pmin unreduced_psum "
        "unreduced_psum_start vary_unreduced_cast vary_unreduced_cast_p"
    ): Roles(meaning="axes"),
    "program_order": Roles(meaning="call_jaxpr enforce exclude_mask strict_in strict_out"),
    "pure_callback": Roles(meaning="callback vmap_method", sizes="result_avals", placements="sharding"),
    "qr": Roles(meaning="full_matrices pivoting use_magma"),
    "ragged_all_to_all": Roles(meaning="axis_index_groups axis_name"),
    "ragged_dot_general": Roles(
        meaning="group_offset precision preferred_element_type ragged_dot_dimension_numbers", placements="out_sharding"
    ),
    "random_bits": Roles(sizes="bit_width shape"),
    "random_gamma": Roles(meaning="log_space"),
    "random_seed random_wrap": Roles(meaning="impl"),
    "reduce": Roles(meaning="computation dimensions jaxpr"),
    "reduce_max reduce_min reduce_sum": Roles(meaning="axes", placements="out_sharding"),
    "reduce_precision": Roles(sizes="exponent_bits mantissa_bits"),
    "reduce_scatter reduce_scatter_done reduce_scatter_start": Roles(
        meaning="axis_index_groups axis_name scatter_dimension tiled", sizes="axis_size"
    ),
    "reduce_window": Roles(
        meaning="consts jaxpr", sizes="base_dilation padding window_dilation window_dimensions window_strides"
    ),
    "reduce_window_max reduce_window_min reduce_window_sum": Roles(
        sizes="base_dilation padding window_dilation window_dimensions window_strides"
    ),
    "relayout": Roles(placements="dst_layout"),
    "remat2": Roles(meaning="differentiated jaxpr policy prevent_cse"),
    "remat_opt": Roles(meaning="fun_jaxpr_thunk fwd_jaxpr num_consts num_res"),
    "reshape": Roles(meaning="dimensions", sizes="new_sizes", placements="sharding"),
    "reshard": Roles(placements="concrete_mesh dst_sharding"),
    "rev squeeze": Roles(meaning="dimensions"),
    "rng_bit_generator": Roles(meaning="algorithm dtype", sizes="shape", placements="out_sharding"),
    "round": Roles(meaning="rounding_method"),
    "run_state": Roles(meaning="is_initialized jaxpr which_linear"),
    "scaled_dot": Roles(meaning="dimension_numbers preferred_element_type"),
    # `unroll` counts as rows show it (jnp.polyval unrolls 16 steps): `unroll=True` therefore shows the length.
    "scan": Roles(meaning="ft_in ft_out jaxpr num_carry num_consts reverse unroll", sizes="length"),
    "scatter scatter-add scatter-max scatter-min scatter-mul scatter-sub": Roles(
        meaning="dimension_numbers indices_are_sorted mode unique_indices update_consts update_jaxpr"
    ),
    "schur": Roles(meaning="compute_schur_vectors select_callable sort_eig_vals"),
    "select_and_gather_add": Roles(
        meaning="select_prim", sizes="base_dilation padding window_dilation window_dimensions window_strides"
    ),
    "select_and_scatter": Roles(
        meaning="scatter_consts scatter_jaxpr select_consts select_jaxpr",
        sizes="padding window_dimensions window_strides",
    ),
    "select_and_scatter_add": Roles(meaning="select_prim", sizes="padding window_dimensions window_strides"),
    "shape_assertion": Roles(mixed="error_message"),
    "shard_map": Roles(
        meaning="check_vma jaxpr manual_axes newly_manual_axes subfuns",
        placements="in_specs mesh out_specs",
        names="debug_info",
    ),
    "sharding_constraint": Roles(meaning="unconstrained_dims", placements="context_mesh layout sharding"),
    "slice": Roles(sizes="limit_indices start_indices strides"),
    "sort": Roles(meaning="dimension is_stable num_keys"),
    "split": Roles(meaning="axis", sizes="sizes"),
    "spsolve": Roles(meaning="reorder tol"),
    "stack unstack": Roles(meaning="axis"),
    "svd": Roles(meaning="algorithm compute_uv full_matrices", options="subset_by_index"),
    "symmetric_product": Roles(meaning="alpha beta"),
    "tile": Roles(meaning="reps"),  # a size by its nature, but one that `structure` of rows already made shows
    "to_edtype": Roles(meaning="edtype"),
    "top_k": Roles(meaning="axis is_stable", sizes="k"),
    "transpose": Roles(meaning="permutation"),
    "triangular_solve": Roles(meaning="conjugate_a left_side lower transpose_a unit_diagonal"),
    "tridiagonal": Roles(meaning="lower"),
    "tridiagonal_solve": Roles(meaning="perturb_singular"),
    "unreachable": Roles(meaning="exc_type", sizes="out_avals", mixed="message"),
    "unreduced_reduce_scatter unreduced_reduce_scatter_start": Roles(
        meaning="axis_name scatter_dimension tiled", sizes="axis_size"
    ),
    "while": Roles(meaning="body_jaxpr body_nconsts cond_jaxpr cond_nconsts"),
    "with_memory_space_constraint": Roles(placements="memory_space"),
    "xla_metadata_call": Roles(meaning="ad_metadata jaxpr xla_metadata"),
    "xla_metadata_value": Roles(meaning="xla_metadata_kvs"),
}
"""Primitives with the same parameters share a line."""


def _by_parameter(roles: Roles) -> dict[str, Role]:
    order = (Role.MEANING, Role.SIZE, Role.OPTION, Role.PLACEMENT, Role.NAME, Role.MIXED)
    return {name: role for role, names in zip(order, roles, strict=True) for name in names.split()}


PRIMITIVES: Mapping[str, Mapping[str, Role]] = {
    **{primitive: {} for primitive in _BARE.split()},
    **{primitive: _by_parameter(roles) for line, roles in _TABLE.items() for primitive in line.split()},
}
"""Primitive -> parameter -> role."""


def role(primitive: str, parameter: str) -> Role:
    """The role of a parameter; MIXED where it is not known, so that no size of it gets into `structure`."""
    return PRIMITIVES.get(primitive, _UNKNOWN).get(parameter, Role.MIXED)
