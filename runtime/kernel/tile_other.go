//go:build !amd64

package kernel

// There are no vector kernels for this architecture: the tier is Portable.
var (
	tile1F32 map[string]tileFunc1[float32]
	tile1F64 map[string]tileFunc1[float64]
	tile2F32 map[string]tileFunc2[float32]
	tile2F64 map[string]tileFunc2[float64]
	tile3F32 map[string]tileFunc3[float32]
	tile3F64 map[string]tileFunc3[float64]

	wide1F32 map[string]tileFunc1[float32]
	wide1F64 map[string]tileFunc1[float64]
	wide2F32 map[string]tileFunc2[float32]
	wide2F64 map[string]tileFunc2[float64]
	wide3F32 map[string]tileFunc3[float32]
	wide3F64 map[string]tileFunc3[float64]
)

const noVectors = "kernel: no vector kernels for this architecture"

func vectorAdd[T Float](_, _, _ []T)              { panic(noVectors) }
func vectorSum[T Float](_ []T) T                  { panic(noVectors) }
func vectorSums[T Float](_, _ []T, _ int) int     { panic(noVectors) }
func maxLeast() int                               { panic(noVectors) }
func vectorChain[T Float](_, _, _ []T, _, _ int)  { panic(noVectors) }
func vectorMax[T Number](_ []T) (most T, ok bool) { panic(noVectors) }

func vectorSelect[T any](_ []T, _ []uint8, _, _ []T) int { panic(noVectors) }
func vectorWiden[D, S Number](_ []D, _ []S) int          { panic(noVectors) }

func vectorCompare[T Number](_ string) func(_ []uint8, _, _ []T) int { panic(noVectors) }

func asWords(_ int) bool                                             { return false }
func vectorGather[T any](_, _ []T, _ []int32, _, _ int) int          { panic(noVectors) }
func vectorWrite[T any](_, _ []T, _ []int32, _, _, _, _ int) int     { panic(noVectors) }
func vectorFirsts[T Float](_, _ []T, _ []int32, _, _ int) int        { panic(noVectors) }
func vectorScatter[T Float](_, _ []T, _ []int32, _, _, _, _ int) int { panic(noVectors) }
func vectorFirstOf(_, _ []int32, _ []uint16)                         { panic(noVectors) }
func vectorFold[T Float](_ []T, _ []int32, _ int)                    { panic(noVectors) }

func vectorWriteFirsts[T any](_, _ []T, _, _ []int32, _, _, _ int) int { panic(noVectors) }
